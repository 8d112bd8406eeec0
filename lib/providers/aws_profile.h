#pragma once

#include <map>
#include <string>
#include <string_view>

namespace llmgw::providers {

// Sections of an INI file as AWS's tools write them: "[name]" and "key = value", comments behind # or ;.
// Indented lines (nested settings) are left out. Later sections of one name add to the first.
using AwsSections = std::map<std::string, std::map<std::string, std::string>, std::less<>>;
AwsSections read_aws_ini(std::string_view text);

}  // namespace llmgw::providers
