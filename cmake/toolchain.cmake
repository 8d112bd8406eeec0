# Compiler, linker and cache settings that hold for every target.

find_program(LLMGW_CCACHE ccache)
if(LLMGW_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # Hits across clones and with precompiled headers: paths relative to the checkout,
  # no working directory in the hash, macros of the precompiled header trusted.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      ${LLMGW_CCACHE})
endif()

# Asked of the compiler: a cross-compiler looks for a mold of its own.
include(CheckLinkerFlag)
check_linker_flag(CXX -fuse-ld=mold LLMGW_MOLD)
if(LLMGW_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_compile_options(-Wall -Wextra -Wpedantic -Wno-missing-field-initializers  -Wnon-virtual-dtor -Woverloaded-virtual
                    -Wimplicit-fallthrough -fno-omit-frame-pointer
                    "-ffile-prefix-map=${CMAKE_SOURCE_DIR}/=")
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports false positives for these through std::string and std::variant.
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized -Wno-dangling-pointer
                      -Wno-stringop-overflow -Wno-array-bounds -fpch-preprocess)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  # libstdc++ 12's own headers use what they call deprecated.
  add_compile_options(-Wno-deprecated-declarations)
endif()
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -g1 -DNDEBUG")
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O1 -g1")
# One position-independent mode for every target, so that they share the precompiled header.
add_compile_options(-fPIE -pthread)
add_link_options(-pie)
add_link_options(-Wl,-z,relro,-z,now)

# g++ 12, which the tests run with, decides: warnings of clang and of a newer g++ differ by release,
# and must not keep a stranger from building.
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  add_compile_options(-Werror)
endif()

if(LLMGW_SANITIZE)
  add_compile_options(-fsanitize=${LLMGW_SANITIZE})
  add_link_options(-fsanitize=${LLMGW_SANITIZE})
  if(LLMGW_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
  add_compile_definitions(LLMGW_SANITIZED)
endif()
if(LLMGW_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()
