# konomi_embed_files(TARGET <target> DIRECTORY <directory> INSTEAD <directory> FUNCTION <name>)
#
# A static library <target> whose function `std::span<const EmbeddedFile> konomi::http::<name>()` gives the files of
# DIRECTORY, compressed at build time. While DIRECTORY has no index.html, those of INSTEAD. Needs python3, no node.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
set(KONOMI_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed.py)

function(konomi_embed_files)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TARGET;DIRECTORY;INSTEAD;FUNCTION" "")
  # CONFIGURE_DEPENDS looks again at every build, so that a page built later is found.
  file(GLOB_RECURSE files CONFIGURE_DEPENDS ${arg_DIRECTORY}/*)
  set(directory ${arg_DIRECTORY})
  if(NOT "${arg_DIRECTORY}/index.html" IN_LIST files)
    message(STATUS "konomi: ${arg_DIRECTORY} holds no page; the binary will show how to build it (cd web && npm ci && npm run build)")
    set(directory ${arg_INSTEAD})
    file(GLOB_RECURSE files CONFIGURE_DEPENDS ${directory}/*)
  endif()
  set(source ${CMAKE_CURRENT_BINARY_DIR}/${arg_TARGET}.cc)
  # The list of files is written into a file of its own, so that a file that vanishes also leads to a new table.
  file(CONFIGURE OUTPUT ${source}.list CONTENT "${files}" @ONLY)
  add_custom_command(
    OUTPUT ${source}
    COMMAND Python3::Interpreter ${KONOMI_EMBED_SCRIPT} ${directory} ${arg_FUNCTION} ${source}
    DEPENDS ${KONOMI_EMBED_SCRIPT} ${files} ${source}.list
    COMMENT "Embedding ${directory}"
    VERBATIM)
  add_library(${arg_TARGET} STATIC ${source})
  target_link_libraries(${arg_TARGET} PUBLIC konomi_flags)
endfunction()
