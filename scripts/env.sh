# Sourced by ./run and ./test: the tools that scripts/setup.sh put under build/ come first.
# Only a Node that setup.sh had to install is there, so the machine's own is used when it can be.
PATH="$PWD/build/node/bin:$PATH"
export PATH
# Objects are found in the compiler cache from every checkout of this repository.
export CCACHE_BASEDIR="$PWD" CCACHE_NOHASHDIR=1
