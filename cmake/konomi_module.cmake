# konomi_module(NAME <room> SRCS a.cc … [TESTS a_test.cc …] [DEPS room …] [LIBS library …] [TEST_DEPS room …]
#               [TEST_LABELS cluster])
#
# One room of the house: a static library konomi_<room> from the listed sources, and the test program konomi_<room>_test.
# DEPS are rooms whose headers this room may include; scripts/tidy.py checks that the includes agree with the house rules.
# Tests labelled "cluster" need the servers that scripts/with_stack.sh starts.
# A "/" in NAME becomes "_" in target names (adapters/rocks → konomi_adapters_rocks).

add_library(konomi_flags INTERFACE)
target_compile_options(konomi_flags INTERFACE
  -Wall -Wextra -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-field-initializers
  -fno-omit-frame-pointer)
if(KONOMI_WERROR)
  target_compile_options(konomi_flags INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(konomi_flags INTERFACE -Wthread-safety)
endif()
if(CMAKE_UNITY_BUILD AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # In a unity file every unnamed namespace is that of an included file, which g++ takes for a header's.
  target_compile_options(konomi_flags INTERFACE -Wno-subobject-linkage)
endif()
if(KONOMI_SANITIZE)
  target_compile_options(konomi_flags INTERFACE -fsanitize=${KONOMI_SANITIZE} -fno-sanitize-recover=all)
  target_link_options(konomi_flags INTERFACE -fsanitize=${KONOMI_SANITIZE})
endif()
target_include_directories(konomi_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)
target_link_libraries(konomi_flags INTERFACE Threads::Threads)

function(konomi_test NAME)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "LABELS" "SRCS;DEPS;LIBS")
  if(NOT KONOMI_TESTS OR NOT arg_SRCS)
    return()
  endif()
  add_executable(${NAME} ${arg_SRCS})
  list(TRANSFORM arg_DEPS REPLACE "/" "_")
  list(TRANSFORM arg_DEPS PREPEND konomi_)
  target_include_directories(${NAME} PRIVATE ${PROJECT_SOURCE_DIR})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    # g++ 12 takes the moved-from value of a returned expected<vector> for an uninitialized one.
    target_compile_options(${NAME} PRIVATE -Wno-maybe-uninitialized)
  endif()
  target_link_libraries(${NAME} PRIVATE konomi_flags ${arg_DEPS} ${arg_LIBS} GTest::gmock GTest::gtest GTest::gtest_main)
  gtest_discover_tests(${NAME} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60 PROPERTIES TIMEOUT 300 LABELS "${arg_LABELS}")
endfunction()

function(konomi_module)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "NAME;TEST_LABELS" "SRCS;TESTS;DEPS;LIBS;TEST_DEPS;TEST_LIBS")
  string(REPLACE "/" "_" room "${arg_NAME}")
  set(deps ${arg_DEPS})
  list(TRANSFORM deps REPLACE "/" "_")
  list(TRANSFORM deps PREPEND konomi_)
  if(arg_SRCS)
    add_library(konomi_${room} STATIC ${arg_SRCS})
    target_link_libraries(konomi_${room} PUBLIC konomi_flags ${deps} ${arg_LIBS})
  else()
    add_library(konomi_${room} INTERFACE)
    target_link_libraries(konomi_${room} INTERFACE konomi_flags ${deps} ${arg_LIBS})
  endif()
  konomi_test(konomi_${room}_test SRCS ${arg_TESTS} DEPS ${arg_NAME} ${arg_TEST_DEPS} LIBS ${arg_TEST_LIBS}
              LABELS ${arg_TEST_LABELS})
endfunction()
