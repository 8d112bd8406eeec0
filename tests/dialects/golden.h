#pragma once

#include <string>

#include "dialects/codec.h"

// Fixtures of real traffic shapes, below tests/wire/ in a folder named after their dialect (openai-chat for
// openai_chat, and so on). Everything here fails the test case when a file cannot be read.
namespace llmgw::dialects {

// tests/wire/FOLDER/FILE.
std::string fixture(Dialect, const std::string& file);

// CASE.request.json, read.
Conversation read_fixture(Dialect, const std::string& name);
// CASE.request.json said to a target of `to` that thinks, without breakpoints of ours, streamed where the
// client asked for it; `model` is "target", the provider's kind its vendor's.
std::string translated_fixture(Dialect from, const std::string& name, Dialect to, Warnings&);
// Whether both are the same JSON.
bool same_json(std::string_view a, std::string_view b);
// "code field" of each warning.
std::vector<std::string> lines(const Warnings&);

// CASE.reply.json, and what CASE.stream.txt comes to, fed byte by byte. What only the whole reply holds is
// taken out of it: `created`, and parts of its vendor's own.
Answer answer_of(Dialect, const std::string& name);
Answer streamed_answer_of(Dialect, const std::string& name);
// The events of a stream, fed byte by byte.
std::vector<StreamEvent> events_of(Dialect, std::string_view bytes);
// What the stream comes to behind another dialect's encoder and decoder.
Answer relayed(Dialect from, const std::string& name, Dialect to);

}  // namespace llmgw::dialects
