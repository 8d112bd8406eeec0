#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "dialects/translation.h"

// OpenAI's custom tools, which take a text and no JSON (platform.openai.com/docs/guides/function-calling,
// "Custom tools"); Codex writes its patches with one. For every other vendor such a tool is a function with
// one argument, `input`, and its calls are turned back before the client sees them.
namespace llmgw::dialects {

// `definition` holds name, description and format; `whole` is the tool as its dialect `own` has it. A grammar
// is told to other vendors' models in the description.
Tool read_custom_tool(json::Value definition, json::Value whole, Dialect own);

// Whether `conversation` has a custom tool, or a call of one, that is to be a function for `target`.
bool has_custom_tools(const Conversation&, Dialect target);
// The conversation with functions in their place. Their names go to `names`; a grammar, which nobody enforces
// now, to `warnings`.
Conversation custom_tools_as_functions(Conversation, Dialect target, std::vector<std::string>& names,
                                       Warnings& warnings);

// Whether the choice is of a tool that is custom here.
bool names_custom_tool(const Conversation&);

// The text in a function's arguments, `{"input": text}`; what has no such member is taken as it is.
std::string custom_input(std::string_view arguments);
// Calls of `names` become calls of custom tools again.
void restore_custom_calls(const std::vector<std::string>& names, std::vector<Part>& parts);
// The same for a stream: the text is passed on as its JSON comes.
std::unique_ptr<EventDecoder> restoring_custom_calls(std::vector<std::string> names,
                                                     std::unique_ptr<EventDecoder> inner);

}  // namespace llmgw::dialects
