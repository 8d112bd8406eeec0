#pragma once

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "dialects/conversation.h"

// What each dialect can express of a conversation and an answer: the promise that pairs_test.cpp holds its
// codec to. A dialect joins with a row in kExpressions (pairs_test.cpp): `true` for each thing that its
// writer writes and its reader reads back the same. What is false is never generated for a pair with that
// dialect.
namespace llmgw::dialects {

struct Expression {
  Dialect dialect;
  std::string_view model;  // one of which the codec knows that it thinks and takes sampling parameters
  std::string_view kind;   // a provider's that takes all of the dialect

  // Requests.
  bool late_system = false;  // instructions between the turns
  bool names = false;        // of participants
  bool user_audio = false, file_data = false, file_url = false, file_id = false, image_url = false;
  bool image_detail = false;
  bool refusals = false;     // in a past turn
  bool mixed_turns = false;  // text behind and between the calls of a turn
  bool error_results = false, rich_results = false;
  bool cache_marks = false;
  Issuer thoughts = Issuer::none;  // whose sealed thoughts a past turn can give back
  bool effort = false;
  bool schema = false, schema_name = false, json_mode = false;
  bool top_p = false, top_k = false, penalties = false, seed = false, choices = false;
  bool stop = false;
  bool metadata = false, service_tier = false, cache_key = false, user = false;
  bool parallel = false;
  bool strict_tools = false;
  bool empty_results = true;  // a tool that says nothing
  bool choice_none = true;    // that no tool may be called
  bool choice_auto = true;    // that the model may choose, in words
  bool choice_named = true;   // which tool must be called
  bool choice_required = true;
  bool schema_beside_tools = true;
  bool image_mime = true;  // said, not to be guessed
  bool loose_ids = false;  // calls have ids of their own

  // Answers.
  bool names_itself = true;      // id and model
  bool end_marker = true;        // of a stream
  bool stream_citations = true;  // with the text that cites; else at the end of all
  bool cached_tokens = true;
  bool many_choices = false;
  bool any_order = false;  // several texts and thoughts, in any order
  bool seals = false;      // of thoughts, whoever sealed them; and thoughts that are not shown
  bool thinking = false;   // thoughts in words
  bool answer_refusals = false;
  bool citations = false, citation_spans = false, citation_quotes = false;
  bool created = false;
  bool cache_written = false, reasoning_tokens = false;
  uint16_t finishes = 0;  // bits: 1 << Finish
};

constexpr uint16_t finishes(std::initializer_list<int> all) {
  uint16_t bits = 0;
  for (const int one : all) bits = static_cast<uint16_t>(bits | 1U << one);
  return bits;
}

// What both can express.
inline Expression both(const Expression& a, const Expression& b) {
  Expression out = a;
  for (const auto member : {&Expression::late_system,
                            &Expression::names,
                            &Expression::user_audio,
                            &Expression::file_data,
                            &Expression::file_url,
                            &Expression::file_id,
                            &Expression::image_url,
                            &Expression::image_detail,
                            &Expression::refusals,
                            &Expression::mixed_turns,
                            &Expression::error_results,
                            &Expression::rich_results,
                            &Expression::cache_marks,
                            &Expression::effort,
                            &Expression::schema,
                            &Expression::schema_name,
                            &Expression::json_mode,
                            &Expression::top_p,
                            &Expression::top_k,
                            &Expression::penalties,
                            &Expression::seed,
                            &Expression::choices,
                            &Expression::stop,
                            &Expression::metadata,
                            &Expression::service_tier,
                            &Expression::cache_key,
                            &Expression::user,
                            &Expression::parallel,
                            &Expression::strict_tools,
                            &Expression::choice_none,
                            &Expression::choice_auto,
                            &Expression::choice_named,
                            &Expression::choice_required,
                            &Expression::schema_beside_tools,
                            &Expression::image_mime,
                            &Expression::cached_tokens,
                            &Expression::empty_results,
                            &Expression::names_itself,
                            &Expression::loose_ids,
                            &Expression::many_choices,
                            &Expression::any_order,
                            &Expression::seals,
                            &Expression::thinking,
                            &Expression::answer_refusals,
                            &Expression::citations,
                            &Expression::stream_citations,
                            &Expression::citation_spans,
                            &Expression::citation_quotes,
                            &Expression::created,
                            &Expression::cache_written,
                            &Expression::reasoning_tokens}) {
    out.*member = a.*member && b.*member;
  }
  if (a.thoughts != b.thoughts) out.thoughts = Issuer::none;
  out.finishes = a.finishes & b.finishes;
  return out;
}

}  // namespace llmgw::dialects
