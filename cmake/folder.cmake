# llmgw_folder(NAME [below...] [LIBS libraries...]): one static library per folder of lib/.
# `below` names the folders it may include from; scripts/check-layout holds the code to it.
function(llmgw_folder name)
  cmake_parse_arguments(ARG "" "" "LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  add_library(llmgw_${name} STATIC ${sources})
  target_include_directories(llmgw_${name} PUBLIC ${CMAKE_SOURCE_DIR}/lib ${CMAKE_BINARY_DIR}/generated)
  foreach(below ${ARG_UNPARSED_ARGUMENTS})
    target_link_libraries(llmgw_${name} PUBLIC llmgw_${below})
  endforeach()
  target_link_libraries(llmgw_${name} PUBLIC ${ARG_LIBS})
  llmgw_precompiled(llmgw_${name})
endfunction()

# One precompiled header of the standard library for every target.
set(LLMGW_PRECOMPILED
  <algorithm> <array> <atomic> <chrono> <cstdint> <cstring> <expected> <functional> <map> <memory> <mutex>
  <optional> <set> <span> <string> <string_view> <thread> <unordered_map> <utility> <variant> <vector>)
function(llmgw_precompiled target)
  if(NOT TARGET llmgw_pch)
    file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/pch.cpp CONTENT "")  # written once: a rewrite would rebuild
    add_library(llmgw_pch OBJECT ${CMAKE_BINARY_DIR}/pch.cpp)
    target_precompile_headers(llmgw_pch PRIVATE ${LLMGW_PRECOMPILED})
  endif()
  target_precompile_headers(${target} REUSE_FROM llmgw_pch)
endfunction()
