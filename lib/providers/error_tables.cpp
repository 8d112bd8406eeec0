#include "providers/error_tables.h"

namespace llmgw::providers {
namespace {

using enum ErrorClass;

constexpr KindRule kKindRules[] = {
    // Google words a short rate limit like OpenAI words an empty account; only the latter speaks of
    // credits or billing being off.
    {"gemini", 429, "", "prepayment credits are depleted", quota},
    {"gemini", 429, "", "", rate_limit},
    {"gemini", 0, "", "user location is not supported", auth},
    {"gemini", 400, "failed_precondition", "billing", quota},
    {"gemini", 0, "api_key_invalid", "", auth},
    {"gemini", 0, "", "reported as leaked", auth},
    {"gemini", 400, "", "unknown name \"", bad_request, true},
    {"vertex", 429, "", "", rate_limit},
    {"vertex", 0, "", "is not allowed to use publisher model", model_unavailable},
    {"vertex", 400, "", "unknown name \"", bad_request, true},

    // Model Studio calls a throttle "insufficient_quota" (help.aliyun.com/en/model-studio/error-code-start).
    {"alibaba", 0, "allocationquota.freetieronly", "", quota},
    {"alibaba", 0, "insufficient_quota", "free", quota},
    {"alibaba", 0, "insufficient_quota", "", rate_limit},
    {"alibaba", 0, "throttling.allocationquota", "free", quota},
    {"alibaba", 0, "", "range of input length should be", context_length},

    // docs.z.ai/api-reference/api-code, docs.bigmodel.cn/cn/api/api-code
    {"zhipu", 0, "1000", "", auth},
    {"zhipu", 0, "1001", "", auth},
    {"zhipu", 0, "1002", "", auth},
    {"zhipu", 0, "1003", "", auth},
    {"zhipu", 0, "1004", "", auth},
    {"zhipu", 0, "1110", "", auth},
    {"zhipu", 0, "1111", "", auth},
    {"zhipu", 0, "1112", "", auth},
    {"zhipu", 0, "1113", "", quota},
    {"zhipu", 0, "1121", "", auth},
    {"zhipu", 0, "1210", "", bad_request},
    {"zhipu", 0, "1211", "", model_unavailable},
    {"zhipu", 0, "1212", "", model_unavailable},
    {"zhipu", 0, "1213", "", bad_request},
    {"zhipu", 0, "1214", "", bad_request},
    {"zhipu", 0, "1220", "", auth},
    {"zhipu", 0, "1221", "", model_unavailable},
    {"zhipu", 0, "1222", "", model_unavailable},
    {"zhipu", 0, "1234", "", server_error},
    {"zhipu", 0, "1261", "", context_length},
    {"zhipu", 0, "1301", "", content_filter},
    {"zhipu", 0, "1302", "", rate_limit},
    {"zhipu", 0, "1303", "", rate_limit},
    {"zhipu", 0, "1304", "", rate_limit},
    {"zhipu", 0, "1305", "", rate_limit},
    {"zhipu", 0, "1308", "", rate_limit},
    {"zhipu", 0, "1309", "", quota},
    {"zhipu", 0, "1310", "", rate_limit},
    {"zhipu", 0, "1311", "", model_unavailable},
    {"zhipu", 0, "1312", "", overloaded},
    {"zhipu", 0, "1313", "", rate_limit},
    {"zhipu", 434, "", "", auth},

    // A malformed message, not a flagged one (openrouter.ai/docs, APIErrorType).
    {"openrouter", 0, "invalid_prompt", "", bad_request},
    {"openrouter", 403, "flagged_input", "", content_filter},
    {"openrouter", 403, "", "flagged", content_filter},
    {"openrouter", 403, "", "requires moderation", content_filter},
    // Its provider's refusal: 400 "Provider returned error" with the reason nested.
    {"openrouter", 503, "", "no available model provider", model_unavailable},

    // docs.fireworks.ai/guides/inference-error-codes: suspended, or the spending limit is reached
    {"fireworks", 412, "", "", quota},

    // botocore, bedrock-runtime: names of exceptions
    {"bedrock", 0, "accessdeniedexception", "access to the model", model_unavailable},
    {"bedrock", 0, "servicequotaexceededexception", "", quota},
    {"bedrock", 0, "modelnotreadyexception", "", overloaded},
    {"bedrock", 0, "modeltimeoutexception", "", timeout},
    {"bedrock", 0, "resourcenotfoundexception", "", model_unavailable},
    {"bedrock", 0, "validationexception", "model identifier is invalid", model_unavailable},
    {"bedrock", 0, "validationexception", "on-demand throughput", model_unavailable},
    {"bedrock", 0, "validationexception", "end of its life", model_unavailable},
    {"bedrock", 0, "validationexception", "operation not allowed", auth},

    // platform.kimi.ai/docs/api/errors: 403 with an empty account
    {"moonshot", 403, "", "insufficient balance", quota},

    {"deepseek", 400, "", "content exists risk", content_filter},
    {"deepseek", 400, "", "model not exist", model_unavailable},

    {"xai", 403, "", "credits", quota},
    {"xai", 429, "", "spending limit", quota},
    {"xai", 403, "", "content violates", content_filter},

    {"mistral", 422, "extra_forbidden", "", bad_request, true},
    {"mistral", 400, "", "invalid model", model_unavailable},

    {"huggingface", 400, "model_not_supported", "", model_unavailable},
    {"nvidia", 404, "", "not found for account", model_unavailable},
    {"cohere", 0, "", "blocked input", content_filter},
    {"cohere", 0, "", "blocked output", content_filter},
    {"ollama", 404, "", "", model_unavailable},
    {"lmstudio", 0, "", "model is unloaded", model_unavailable},
    {"lmstudio", 0, "", "no models loaded", model_unavailable},
    {"llamacpp", 503, "unavailable_error", "loading model", overloaded},
};

constexpr CodeRule kCodeRules[] = {
    // A parameter that the model does not take: another target may.
    {"unsupported_parameter", bad_request, false, true},
    {"unsupported_value", bad_request, false, true},
    {"unknown_parameter", bad_request, false, true},
    {"parameter_unknown", bad_request, false, true},
    {"extra_forbidden", bad_request, false, true},

    {"insufficient_quota", quota},
    {"billing_hard_limit_reached", quota},
    {"billing_not_active", quota},
    {"credit_balance_exhausted", quota},
    {"credit_balance_too_low", quota},
    {"exceeded_current_quota_error", quota},
    {"credit_limit", quota},
    {"billing_error", quota},
    {"payment_required", quota},
    {"insufficient_balance", quota},
    {"insufficient_credits", quota},
    {"not_enough_balance", quota},
    {"arrearage", quota},

    {"context_length_exceeded", context_length},
    {"exceed_context_size_error", context_length},
    {"context_window_exceeded", context_length},
    {"model_context_window_exceeded", context_length},

    {"content_filter", content_filter},
    {"content_policy_violation", content_filter},
    {"responsibleaipolicyviolation", content_filter},
    {"data_inspection_failed", content_filter},
    {"datainspectionfailed", content_filter},
    {"moderation_blocked", content_filter},
    {"cyber_policy", content_filter},
    {"invalid_prompt", content_filter},
    {"flagged_input", content_filter},
    {"refusal", content_filter},

    {"model_not_found", model_unavailable},
    {"model_not_supported", model_unavailable},
    {"model_decommissioned", model_unavailable},
    {"model_deprecated", model_unavailable},
    {"model_access_denied", model_unavailable},
    {"model_terms_required", model_unavailable},
    {"modelnotfound", model_unavailable},
    {"invalid_model", model_unavailable},
    {"unknown_model", model_unavailable},
    {"deploymentnotfound", model_unavailable},

    {"invalid_api_key", auth},
    {"invalidapikey", auth},
    {"incorrect_api_key_error", auth},
    {"invalid_authentication_error", auth},
    {"api_key_invalid", auth},
    {"wrong_api_key", auth},
    {"account_deactivated", auth},
    {"expiredtokenexception", auth},
    {"unrecognizedclientexception", auth},
    {"invalidsignatureexception", auth},

    {"overloaded_error", overloaded},
    {"engine_overloaded_error", overloaded},
    {"server_is_overloaded", overloaded},
    {"slow_down", overloaded},
    {"model_overloaded", overloaded},
    {"provider_overloaded", overloaded},
    {"queue_exceeded", overloaded},

    // Heard only without a status.
    {"rate_limit_exceeded", rate_limit, true},
    {"rate_limit_error", rate_limit, true},
    {"rate_limit_reached_error", rate_limit, true},
    {"rate_limited", rate_limit, true},
    {"too_many_requests", rate_limit, true},
    {"throttlingexception", rate_limit, true},
    {"throttling", rate_limit, true},
    {"resource_exhausted", rate_limit, true},
    {"service_unavailable", overloaded, true},
    {"service_unavailable_error", overloaded, true},
    {"serviceunavailableexception", overloaded, true},
    {"unavailable", overloaded, true},
    {"unavailable_error", overloaded, true},
    {"provider_unavailable", overloaded, true},
    {"server_error", server_error, true},
    {"internal_server_error", server_error, true},
    {"internal_error", server_error, true},
    {"internal", server_error, true},
    {"api_error", server_error, true},
    {"internalserverexception", server_error, true},
    {"modelstreamerrorexception", server_error, true},
    {"modelerrorexception", server_error, true},
    {"internalservererror", server_error, true},
    {"timeout", timeout, true},
    {"timeout_error", timeout, true},
    {"request_timeout", timeout, true},
    {"deadline_exceeded", timeout, true},
    {"authentication_error", auth, true},
    {"permission_error", auth, true},
    {"permission_denied", auth, true},
    {"unauthenticated", auth, true},
    {"accessdeniedexception", auth, true},
    {"not_found_error", model_unavailable, true},
    {"not_found", model_unavailable, true},
    {"invalid_request_error", bad_request, true},
    {"invalid_request", bad_request, true},
    {"invalid_argument", bad_request, true},
    {"validationexception", bad_request, true},
    {"badrequesterror", bad_request, true},
};

constexpr TextRule kTextRules[] = {
    // The request alone is above a tier's tokens a minute: waiting does not help (OpenAI 429, Groq 413).
    {"request too large for", context_length},
    {"request body too large for", context_length, When::refused, "tokens"},

    // Billing, whatever the status.
    {"credit balance is too low", quota, When::any},
    {"insufficient balance", quota, When::any},
    {"insufficient credits", quota, When::any},
    {"requires more credits", quota, When::any},
    {"more credits are required", quota, When::any},
    {"credit limit exceeded", quota, When::any},
    {"exceeded your monthly included credits", quota, When::any},
    {"used all available credits", quota, When::any},
    {"run out of credits", quota, When::any},
    {"any credits or licenses", quota, When::any},
    {"exceeded your current quota", quota, When::refused},
    {"exceeded current quota", quota, When::refused},
    {"reached your specified api usage limits", quota, When::any},
    {"account is in good standing", quota, When::any},
    {"monthly spending limit", quota, When::any},
    {"requires paid balance", quota, When::any},
    {"余额不足", quota, When::any},
    {"欠费", quota, When::any},

    // The prompt is longer than the model's context; llama.cpp says so with 500 too.
    {"maximum context length", context_length, When::any},
    {"context length exceeded", context_length, When::any},
    {"exceed context limit", context_length, When::any},
    {"exceeds the context window", context_length, When::any},
    {"exceed context window", context_length, When::any},
    {"exceeds the available context size", context_length, When::any},
    {"context size has been exceeded", context_length, When::any},
    {"longer than the model's context length", context_length, When::any},
    {"greater than the context length", context_length, When::any},
    {"when context the overflows", context_length, When::any},
    {"when context overflows", context_length, When::any},
    {"prompt is too long", context_length, When::any},
    {"prompt exceeds max length", context_length, When::any},
    {"input is too long for requested model", context_length, When::any},
    {"input token length too long", context_length, When::any},
    {"exceeded model token limit", context_length, When::any},
    {"exceeds the maximum number of tokens allowed", context_length, When::any},
    {"tokens + `max_new_tokens` must be", context_length, When::any},
    {"reduce the length of the messages", context_length, When::any},
    {"reduce the length of the input", context_length, When::any},
    {"maximum input length is", context_length, When::any, "tokens"},
    {"too many tokens: ", context_length, When::bad},
    {"maximum prompt length is", context_length, When::any},
    {"current length is", context_length, When::bad, "while limit is"},

    {"content management policy", content_filter},
    {"rejected as a result of our safety system", content_filter},
    {"flagged as potentially violating", content_filter},
    {"blocked by content filtering policy", content_filter},
    {"may contain inappropriate content", content_filter},
    {"it was considered high risk", content_filter},
    {"input was flagged", content_filter},
    {"content_filter", content_filter, When::bad, "azure"},

    {"api key not valid", auth},
    {"api key not found", auth},
    {"api key expired", auth},
    {"incorrect api key", auth},
    {"invalid api key", auth},
    {"invalid api token", auth},

    {"does not have access to model", model_unavailable},
    {"don't have access to the model", model_unavailable},
    {"does not exist or you do not have access", model_unavailable},
    {"model identifier is invalid", model_unavailable},
    {"not supported by any provider you have enabled", model_unavailable},
    {"has been decommissioned", model_unavailable},
    {"is not a valid model id", model_unavailable},
    {"model does not exist", model_unavailable},
    {"model not exist", model_unavailable},
    {"invalid model '", model_unavailable, When::bad},
    {"no such file", bad_request},

    // 429 and 5xx that say why.
    {"engine is currently overloaded", overloaded, When::any},
    {"model is overloaded", overloaded, When::any},
    {"currently over capacity", overloaded, When::any},
    {"tier capacity exceeded", overloaded, When::any},
    {"model busy", overloaded, When::any},
    {"currently experiencing high demand", overloaded, When::any},
    {"experiencing high traffic", overloaded, When::any},
    {"temporarily out of capacity", overloaded, When::any},

    // What this target cannot do, another may.
    {"unsupported parameter", bad_request, When::bad, "", true},
    {"unsupported value", bad_request, When::bad, "", true},
    {"is not supported with this model", bad_request, When::bad, "", true},
    {"not supported by this model", bad_request, When::bad, "", true},
    {"not supported on this model", bad_request, When::bad, "", true},
    {"does not support", bad_request, When::bad, "", true},
    {"extra inputs are not permitted", bad_request, When::bad, "", true},
    {"unrecognized request argument", bad_request, When::bad, "", true},
    {"unknown parameter", bad_request, When::bad, "", true},
    {"' is unsupported", bad_request, When::bad, "property", true},
    {"--enable-auto-tool-choice", bad_request, When::bad, "", true},
};

}  // namespace

std::span<const KindRule> kind_rules() {
  return kKindRules;
}
std::span<const CodeRule> code_rules() {
  return kCodeRules;
}
std::span<const TextRule> text_rules() {
  return kTextRules;
}

}  // namespace llmgw::providers
