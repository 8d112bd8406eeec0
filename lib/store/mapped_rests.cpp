#include "store/mapped_rests.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/random.h"
#include "store/set_aside.h"

namespace llmgw::store {
namespace {

struct Header {
  char magic[8];
  uint32_t version;
  uint32_t slots;
  uint64_t seed;
  uint64_t byte_order;  // a file from a machine of other endianness is another version
  char reserved[32];
};
static_assert(sizeof(Header) == 64);

constexpr char kMagic[8] = {'l', 'l', 'm', 'g', 'w', 'r', 's', 't'};
constexpr uint64_t kByteOrder = 0x0102030405060708;
constexpr size_t kTableWords = size_t{MappedRests::kSlots} * RestTable::kWordsPerSlot;
constexpr size_t kFileSize = sizeof(Header) + kTableWords * sizeof(uint64_t);

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
  return fail(ErrorClass::server_error, "cannot " + what + " " + path + ": " + std::strerror(why) +
                                            "; rests are kept in memory only until data_dir can be written");
}

bool usable(int fd) {
  struct stat facts{};
  if (::fstat(fd, &facts) != 0 || !S_ISREG(facts.st_mode) || facts.st_size != static_cast<off_t>(kFileSize))
    return false;
  Header header{};
  if (::pread(fd, &header, sizeof header, 0) != sizeof header) return false;
  return std::memcmp(header.magic, kMagic, sizeof kMagic) == 0 && header.version == MappedRests::kVersion &&
         header.slots == MappedRests::kSlots && header.byte_order == kByteOrder;
}

// Written under another name and renamed, so that a half-made file never stands at `path`.
Result<void> create(const std::string& path) {
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
  header.version = MappedRests::kVersion;
  header.slots = MappedRests::kSlots;
  header.seed = entropy();
  header.byte_order = kByteOrder;
  if (::pwrite(file.fd(), &header, sizeof header, 0) != sizeof header ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int why = errno;
    ::unlink(fresh.c_str());
    return failed("write", fresh, why);
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<MappedRests>> MappedRests::open(const std::string& directory, WallTime now) {
  const std::string path = directory + "/rests";
  auto lock = DirectoryLock::take(directory);
  if (!lock) return fail(std::move(lock.error()));

  std::string aside;
  for (int turn = 0; turn < 2; ++turn) {
    const File file(::open(path.c_str(), O_RDWR | O_NOFOLLOW | O_CLOEXEC));
    if (file.fd() < 0 && errno == ENOENT) {
      if (auto made = create(path); !made) return fail(std::move(made.error()));
      continue;
    }
    if (file.fd() < 0 && (errno == EACCES || errno == EROFS || errno == EPERM))
      return failed("open", path, errno);
    if (file.fd() < 0 || !usable(file.fd())) {
      auto moved = set_aside(path, now);
      if (!moved) return fail(std::move(moved.error()));
      aside = std::move(*moved);
      if (auto made = create(path); !made) return fail(std::move(made.error()));
      continue;
    }
    void* memory = ::mmap(nullptr, kFileSize, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd(), 0);
    if (memory == MAP_FAILED) return failed("map", path, errno);
    return std::unique_ptr<MappedRests>(new MappedRests(memory, kFileSize, std::move(aside)));
  }
  return failed("open", path, EIO);
}

MappedRests::MappedRests(void* memory, size_t size, std::string set_aside_as)
    : memory_(memory),
      size_(size),
      set_aside_as_(std::move(set_aside_as)),
      table_({reinterpret_cast<uint64_t*>(static_cast<char*>(memory) + sizeof(Header)), kTableWords}, kSlots,
             static_cast<const Header*>(memory)->seed) {}

MappedRests::~MappedRests() {
  ::munmap(memory_, size_);
}

}  // namespace llmgw::store
