#!/bin/sh
# Boots the Debian in DIRECTORY/base, with systemd as its first process and in namespaces of its
# own. DIRECTORY/work is where it is mounted; what it writes is in memory and gone with it. The one
# line on standard output is the process id of its systemd: kill that to end it.
#   boot.sh DIRECTORY alone      its network is a loopback device of its own
#   boot.sh DIRECTORY together   its network is that of this machine
#   boot.sh DIRECTORY try        does everything but boot: whether this machine lets another in it
set -eu

enter_namespaces() {
  # From within a chroot / is no mount that could be made private, so nsenter leaves it first:
  # then nothing that is mounted below is seen outside. Paths are others there: so the directory
  # goes along as an open file, and this script as text.
  exec unshare --mount --propagation unchanged /bin/sh -euc '
    exec 3<"$1"
    exec nsenter --mount=/proc/self/ns/mnt /bin/sh -c "$2" boot.sh --mount "$3"
  ' sh "$1" "$(cat "$0")" "$2"
}

mount_and_boot() {
  cd -P /proc/self/fd/3
  mount --make-rprivate /
  mount -t tmpfs -o mode=755 tmpfs work
  mkdir work/upper work/work work/root work/cgroup
  mount -t overlay -o lowerdir=base,upperdir=work/upper,workdir=work/work overlay work/root
  mount -t cgroup2 cgroup2 work/cgroup
  group=work/cgroup/konomi-machine-$$
  mkdir "$group"
  network=--net
  case $1 in
    together) network= ;;
    try) first_process=true ;;
  esac
  # shellcheck disable=SC2016,SC2086 # Expanded by the shell that runs it; no word or one.
  /bin/sh -euc 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$group" \
    unshare --mount --cgroup --uts --ipc $network --pid --fork --kill-child \
    /bin/sh -euc "$first_process" || ended=$?
  find "$group" -depth -type d -exec rmdir {} \;
  exit "${ended:-0}"
}

# shellcheck disable=SC2016 # Expanded by the shell that runs it.
first_process='
  read -r pid rest </proc/self/stat
  cd work/root
  mount -t proc proc proc
  mount --bind proc/sys proc/sys
  mount -o remount,bind,ro proc/sys
  mount -t sysfs -o ro sysfs sys
  mount -t cgroup2 cgroup2 sys/fs/cgroup
  mount -t tmpfs -o mode=755 tmpfs run
  mount -t tmpfs -o mode=1777 tmpfs tmp
  mount -t tmpfs -o mode=755 tmpfs dev
  for node in null zero full random urandom tty; do
    touch "dev/$node"
    mount --bind "/dev/$node" "dev/$node"
  done
  mkdir dev/pts dev/shm
  mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
  mount -t tmpfs -o mode=1777 tmpfs dev/shm
  ln -s pts/ptmx dev/ptmx
  ln -s /proc/self/fd dev/fd
  mount --move . /
  echo "$pid"
  exec chroot . env -i container=konomi-test PATH=/usr/sbin:/usr/bin:/sbin:/bin /sbin/init \
    >/dev/null 2>&1 3<&-
'

case $1 in
  --mount) mount_and_boot "$2" ;;
  *) enter_namespaces "$1" "$2" ;;
esac
