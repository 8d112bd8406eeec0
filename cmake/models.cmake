# Turns the model facts, a tab-separated file, into a table of constants:
#   cmake -DIN=models.tsv -DOUT=models_data.cpp -P cmake/models.cmake
# Lines are sorted by kind and model already. The first comment lines name the source.
file(STRINGS ${IN} lines)
set(rows "")
set(source "")
foreach(line IN LISTS lines)
  if(line MATCHES "^# (.*)$")
    if(source STREQUAL "")
      set(source "${CMAKE_MATCH_1}")
    endif()
  elseif(line MATCHES "^([^\t]+)\t([^\t]+)\t([^\t]*)\t([^\t]*)\t(.+)$")
    set(strings "\"${CMAKE_MATCH_1}\", \"${CMAKE_MATCH_2}\", \"${CMAKE_MATCH_3}\", \"${CMAKE_MATCH_4}\"")
    set(numbers "\t${CMAKE_MATCH_5}")
    string(REPLACE "\t-" "\t-1" numbers "${numbers}")
    string(REPLACE "\t" "," numbers "${numbers}")
    string(SUBSTRING "${numbers}" 1 -1 numbers)
    string(REGEX MATCHALL "," commas "${numbers}")
    list(LENGTH commas columns)
    if(columns LESS 15)
      string(APPEND numbers ",-1")  # no price of a search
    endif()
    string(APPEND rows "    model_facts(${strings}, {${numbers}}),\n")
  endif()
endforeach()
file(WRITE ${OUT} "// Made from models.tsv by cmake/models.cmake.
#include \"providers/models.h\"

namespace llmgw::providers {
namespace {

// Constants with g++; clang gives up counting and fills them in at start.
const ModelFacts kModels[] = {
${rows}};

}  // namespace

std::span<const ModelFacts> built_in_models() { return kModels; }
std::string_view built_in_source() { return \"${source}\"; }

}  // namespace llmgw::providers
")
