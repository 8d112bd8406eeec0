#include "providers/credential_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/json.h"
#include "base/text.h"
#include "providers/aws_credentials.h"
#include "providers/credential_endpoint.h"

namespace llmgw::providers {
namespace {

constexpr Duration kPatience = 30s;
constexpr size_t kMost = 64 << 10;

struct Output {
  std::string text;
  int exit_code = -1;  // -1: it was ended by a signal, or by us
  bool late = false;
};

// A program with its stdout at our pipe.
class Child {
 public:
  ~Child() {
    if (read_end_ >= 0) close(read_end_);
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
  }

  // 0, or the error's number.
  int start(std::vector<std::string> words) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    read_end_ = ends[0];
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    const int error = posix_spawnp(&pid_, arguments[0], &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (error != 0) pid_ = 0;
    return error;
  }

  Output finish() {
    Output out;
    const TimePoint by = after(SystemClock().now(), kPatience);
    char block[4096];
    while (out.text.size() < kMost) {
      pollfd waiting{.fd = read_end_, .events = POLLIN, .revents = 0};
      const auto left = to_ms(by - SystemClock().now());
      if (left <= 0) return out.late = true, out;
      const int ready = poll(&waiting, 1, static_cast<int>(left));
      if (ready < 0 && errno != EINTR) return out;
      if (ready <= 0) continue;
      const ssize_t size = read(read_end_, block, sizeof block);
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) break;
      out.text.append(block, static_cast<size_t>(size));
    }
    // It has closed its output: what is left of it is its exit.
    int status = 0;
    for (; SystemClock().now() < by; usleep(2000)) {
      const pid_t ended = waitpid(pid_, &status, WNOHANG);
      if (ended == 0 || (ended < 0 && errno == EINTR)) continue;
      pid_ = 0;
      if (ended > 0 && WIFEXITED(status)) out.exit_code = WEXITSTATUS(status);
      return out;
    }
    out.late = true;
    return out;
  }

 private:
  pid_t pid_ = 0;
  int read_end_ = -1;
};

}  // namespace

std::vector<std::string> command_words(const std::string& command) {
  std::vector<std::string> words;
  bool open = false;  // a word has begun
  char quote = 0;
  for (size_t i = 0; i < command.size(); ++i) {
    const char c = command[i];
    if (quote == 0 && (c == ' ' || c == '\t')) {
      open = false;
      continue;
    }
    if (!open) words.emplace_back();
    open = true;
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
      words.back() += command[++i];
    } else {
      words.back() += c;
    }
  }
  if (quote != 0) words.clear();
  return words;
}

Result<Credential> run_credential_process(const std::string& command) {
  auto words = command_words(command);
  if (words.empty() || words[0].empty())
    return no_aws_credentials("the credential_process is no command line");
  const std::string what = "the credential_process '" + shortened(words[0], 200) + "' ";
  Child child;
  if (const int error = child.start(std::move(words)); error != 0)
    return no_aws_credentials(what + "cannot be run: " + std::strerror(error));
  const Output output = child.finish();
  if (output.late) return no_aws_credentials(what + "did not end within 30 s");
  if (output.exit_code != 0)
    return no_aws_credentials(what + (output.exit_code < 0
                                          ? "was ended by a signal"
                                          : "ended with " + std::to_string(output.exit_code)));
  const auto doc = json::Doc::parse(output.text);
  const json::Value said = doc ? doc->root() : json::Value();
  if (said["Version"].integer() != 1 || said["AccessKeyId"].text().empty() ||
      said["SecretAccessKey"].text().empty())
    return no_aws_credentials(what + "printed no JSON with \"Version\": 1, AccessKeyId and SecretAccessKey");
  return Credential{.aws = {.access_key = said["AccessKeyId"].text(),
                            .secret_key = Secret(said["SecretAccessKey"].text()),
                            .session_token = Secret(said["SessionToken"].text())},
                    .bearer = {},
                    .quota_project = {},
                    .expires = parse_utc(said["Expiration"].text())};
}

}  // namespace llmgw::providers
