#include "ask/conversation.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/id.h"
#include "base/json.h"
#include "base/json_writer.h"

namespace llmgw::ask {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kUnnamed = "ask_";  // begins the ids that we give

std::unexpected<Error> cannot(const std::string& what, const std::string& path) {
  return fail(ErrorClass::bad_request, "cannot " + what + " " + path + ": " + std::strerror(errno));
}

std::string written(const Conversation& conversation) {
  std::string out;
  json::Writer writer(out);
  writer.begin_object().member("id", conversation.id).member("model", conversation.model);
  writer.key("messages").begin_array();
  for (const auto& message : conversation.messages) writer.raw(message);
  writer.end_array().end_object();
  return out + "\n";
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

}  // namespace

Conversations::Conversations(const std::string& data_dir) : folder_(data_dir + "/conversations") {}

bool Conversations::is_id(std::string_view text) {
  return !text.empty() && text.size() <= 64 && text.front() != '.' &&
         std::ranges::all_of(text, [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                  c == '_' || c == '-';
         });
}

std::string Conversations::new_id(WallTime now, Random& random) {
  return std::string(kUnnamed) + request_id(now, random).substr(4);
}

bool Conversations::exists(const std::string& id) const {
  return is_id(id) && ::access(path(id).c_str(), F_OK) == 0;
}

Result<Conversation> Conversations::load(const std::string& id) const {
  std::ifstream in(path(id), std::ios::binary);
  if (!in) return cannot("read", path(id));
  std::stringstream text;
  text << in.rdbuf();
  const std::string bytes = text.str();
  const auto doc = json::Doc::parse(bytes, {.allow_lone_surrogates = true});
  if (!doc || !doc->root()["messages"].is(json::Kind::array)) {
    return fail(ErrorClass::bad_request,
                path(id) + " is no conversation" + (doc ? "" : ": " + doc.error().message) + "; delete it");
  }
  Conversation conversation{.id = id, .model = doc->root()["model"].text(), .messages = {}};
  for (auto [_, message] : doc->root()["messages"].elements())
    conversation.messages.emplace_back(message.raw());
  return conversation;
}

std::optional<std::string> Conversations::last() const {
  std::optional<std::string> id;
  fs::file_time_type latest;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    if (entry.path().extension() != ".json" || !is_id(entry.path().stem().string())) continue;
    const auto time = entry.last_write_time(error);
    if (error || (id && time <= latest)) continue;
    latest = time;
    id = entry.path().stem().string();
  }
  return id;
}

Result<void> Conversations::keep(const Conversation& conversation) const {
  std::error_code error;
  fs::create_directories(fs::path(folder_).parent_path(), error);
  if (::mkdir(folder_.c_str(), 0700) != 0 && errno != EEXIST) return cannot("make", folder_);
  const std::string fresh = folder_ + "/." + conversation.id + "." + std::to_string(::getpid());
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0) return cannot("write", fresh);
  const bool good = write_all(fd, written(conversation));
  ::close(fd);
  if (!good || ::rename(fresh.c_str(), path(conversation.id).c_str()) != 0) {
    auto failure = cannot("write", path(conversation.id));
    ::unlink(fresh.c_str());
    return failure;
  }
  forget_old();
  return {};
}

void Conversations::forget_old() const {
  std::vector<std::string> unnamed;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const auto name = entry.path().filename().string();
    if (name.starts_with(kUnnamed)) unnamed.push_back(name);
  }
  if (unnamed.size() <= kKept) return;
  std::ranges::sort(unnamed);
  unnamed.resize(unnamed.size() - kKept);
  for (const auto& name : unnamed) fs::remove(folder_ + "/" + name, error);
}

}  // namespace llmgw::ask
