#include "store/ledger_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "store/ledger_journal.h"

namespace llmgw::store {
namespace {

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t slots;
  int64_t ledger;
  uint64_t byte_order;
};

constexpr char kMagic[8] = {'l', 'l', 'm', 'g', 'w', 'l', 'd', 'g'};
constexpr uint64_t kByteOrder = 0x0102030405060708;
constexpr size_t kHeaderSize = 4096;  // slots begin at a page
constexpr size_t kWords = size_t{LedgerFile::kSlots} * LedgerJournal::kWordsPerSlot;
constexpr size_t kFileSize = kHeaderSize + kWords * sizeof(uint64_t);

class File {
 public:
  explicit File(int fd) : fd_(fd) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  int fd() const { return fd_; }

 private:
  int fd_;
};

std::unexpected<Error> failed(const std::string& what, const std::string& path, int why) {
  return fail(ErrorClass::server_error, "cannot " + what + " " + path + ": " + std::strerror(why));
}

// Written under another name and renamed, so that a half-made file never stands at `path`.
Result<void> create(const std::string& path, int64_t ledger) {
  const std::string fresh = path + ".new";
  ::unlink(fresh.c_str());
  const File file(::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (file.fd() < 0) return failed("create", fresh, errno);
  if (const int why = ::posix_fallocate(file.fd(), 0, static_cast<off_t>(kFileSize)); why != 0) {
    ::unlink(fresh.c_str());
    return failed("allocate", fresh, why);
  }
  Header header{};
  std::memcpy(header.magic, kMagic, sizeof kMagic);
  header.version = LedgerFile::kVersion;
  header.slots = LedgerFile::kSlots;
  header.ledger = ledger;
  header.byte_order = kByteOrder;
  if (::pwrite(file.fd(), &header, sizeof header, 0) != sizeof header || ::fsync(file.fd()) != 0 ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(fresh.c_str());
    return failed("write", fresh, why);
  }
  return {};
}

// Why the file is not this ledger's journal; empty: it is.
std::string why_foreign(int fd, int64_t ledger) {
  struct stat facts{};
  Header header{};
  if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size != static_cast<off_t>(kFileSize) ||
      ::pread(fd, &header, sizeof header, 0) != sizeof header ||
      std::memcmp(header.magic, kMagic, sizeof kMagic) != 0 || header.byte_order != kByteOrder)
    return "is no journal of a ledger";
  if (header.version != LedgerFile::kVersion || header.slots != LedgerFile::kSlots)
    return "is of another version of llmgw";
  return header.ledger == ledger ? "" : "belongs to another ledger.db than the one beside it";
}

}  // namespace

Result<std::unique_ptr<LedgerFile>> LedgerFile::open(const std::string& directory, int64_t ledger,
                                                     Mode mode) {
  const std::string path = directory + "/ledger.journal";
  const bool writes = mode == Mode::write;
  if (writes && ::access(path.c_str(), F_OK) != 0 && errno == ENOENT) {
    if (auto made = create(path, ledger); !made) return fail(std::move(made.error()));
  }
  const File file(::open(path.c_str(), (writes ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_CLOEXEC));
  if (file.fd() < 0) return failed("open", path, errno);
  if (const auto why = why_foreign(file.fd(), ledger); !why.empty()) {
    return fail(
        ErrorClass::server_error,
        path + " " + why +
            ": what it says may be money that was spent; put the right file there, or move it away, and "
            "open calls of its time are not charged");
  }
  void* memory =
      ::mmap(nullptr, kFileSize, writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, file.fd(), 0);
  if (memory == MAP_FAILED) return failed("map", path, errno);
  return std::unique_ptr<LedgerFile>(new LedgerFile(memory, path));
}

LedgerFile::~LedgerFile() {
  ::munmap(memory_, kFileSize);
}

std::span<uint64_t> LedgerFile::words() const {
  return {reinterpret_cast<uint64_t*>(static_cast<char*>(memory_) + kHeaderSize), kWords};
}

void LedgerFile::relax() {
  ::madvise(memory_, kFileSize, MADV_DONTNEED);  // of a shared mapping: what was stored stays in the file
}

Result<void> LedgerFile::sync() {
  if (::msync(memory_, kFileSize, MS_SYNC) != 0) return failed("write", path_, errno);
  return {};
}

}  // namespace llmgw::store
