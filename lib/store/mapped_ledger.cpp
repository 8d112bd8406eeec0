#include "store/mapped_ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>

#include "store/ledger_file.h"
#include "store/ledger_journal.h"
#include "store/ledger_sums.h"
#include "store/set_aside.h"
#include "store/sqlite/ledger_table.h"

namespace llmgw::store {
namespace {

constexpr Duration kKept = 24h * 60;               // sums of windows that are over, for people
constexpr size_t kFreedAtOnce = 64;                // slots, while the lock is held
constexpr size_t kHurry = LedgerFile::kSlots / 4;  // so many settled: the thread does not wait for its time

// Held as long as the process writes the ledger; the kernel lets go when it dies.
class WriterLock {
 public:
  static Result<WriterLock> take(const std::string& directory, Duration patience) {
    const std::string path = directory + "/ledger.lock";
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
      return fail(ErrorClass::server_error, "cannot open " + path + ": " + std::strerror(errno) +
                                                "; budgets need a data_dir that can be written");
    }
    WriterLock lock(fd);
    const auto until = std::chrono::steady_clock::now() + patience;
    while (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (errno == EINTR) continue;
      if (errno != EWOULDBLOCK || std::chrono::steady_clock::now() >= until) {
        return fail(ErrorClass::server_error,
                    "another llmgw keeps the budgets of " + directory +
                        "; end it first, or give this one a [server] data_dir of its own");
      }
      std::this_thread::sleep_for(20ms);
    }
    return lock;
  }
  WriterLock(WriterLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  WriterLock& operator=(WriterLock&&) = delete;
  ~WriterLock() {
    if (fd_ >= 0) ::close(fd_);
  }

 private:
  explicit WriterLock(int fd) : fd_(fd) {}
  int fd_;
};

// What a batch of settlements adds to each sum.
class Charges {
 public:
  void add(const JournalEntry& entry) {
    for (const auto& part : entry.parts) add(part.account, part.window, entry.charge());
  }
  void add(uint32_t account, const Window& window, NanoUsd amount) {
    auto& sum = sums_[{account, window.begin, window.end}];
    sum = sum + amount;
  }
  std::vector<sqlite::LedgerTable::Charge> list() const {
    std::vector<sqlite::LedgerTable::Charge> out;
    for (const auto& [of, amount] : sums_)
      out.push_back({std::get<0>(of), {std::get<1>(of), std::get<2>(of)}, amount});
    return out;
  }

 private:
  std::map<std::tuple<uint32_t, WallTime, WallTime>, NanoUsd> sums_;
};

}  // namespace

struct MappedLedger::Parts {
  Parts(WriterLock writer, sqlite::LedgerTable opened, std::unique_ptr<LedgerFile> mapped, observe::Log& to,
        const Clock& time, const Options& how)
      : held(std::move(writer)),
        table(std::move(opened)),
        file(std::move(mapped)),
        journal(file->words()),
        log(to),
        clock(time),
        options(how) {}

  Result<void> replay(uint64_t watermark);
  Result<void> fold();
  void work();

  WriterLock held;
  std::mutex table_lock;  // guards table, folding and failing; held while it writes; never taken on a loop
  sqlite::LedgerTable table;
  std::vector<uint32_t> folding;  // settled slots on their way into the table
  Charges charges;                // theirs, and what windows began with
  bool failing = false;

  std::unique_ptr<LedgerFile> file;
  LedgerJournal journal;
  observe::Log& log;
  const Clock& clock;
  const Options options;

  mutable std::mutex lock;  // guards what follows, and the journal's slots but those in `folding`
  LedgerSums sums;
  std::vector<uint32_t> places;   // free slots; the last freed is taken first, so that few pages are in use
  std::vector<uint32_t> settled;  // slots
  uint64_t last_number = 0, last_sequence = 0;
  LedgerCounts counts;

  std::mutex wake_lock;  // guards stopping
  std::condition_variable wake;
  bool stopping = false;
  std::thread thread;
};

Result<std::unique_ptr<MappedLedger>> MappedLedger::open(const std::string& directory, observe::Log& log,
                                                         const Clock& clock) {
  return open(directory, log, clock, Options{});
}

Result<std::unique_ptr<MappedLedger>> MappedLedger::open(const std::string& directory, observe::Log& log,
                                                         const Clock& clock, const Options& options) {
  {
    const auto made = DirectoryLock::take(directory);
    if (!made) return fail(made.error());
  }
  auto held = WriterLock::take(directory, options.patience);
  if (!held) return fail(std::move(held.error()));
  auto table = sqlite::LedgerTable::open(directory, sqlite::Database::Mode::write);
  if (!table) return fail(std::move(table.error()));
  const auto id = table->id();
  if (!id) return fail(id.error());
  const auto watermark = table->watermark();
  if (!watermark) return fail(watermark.error());
  auto file = LedgerFile::open(directory, *id, LedgerFile::Mode::write);
  if (!file) return fail(std::move(file.error()));
  auto parts =
      std::make_unique<Parts>(std::move(*held), std::move(*table), std::move(*file), log, clock, options);
  if (auto done = parts->replay(*watermark); !done) return fail(std::move(done.error()));
  return std::unique_ptr<MappedLedger>(new MappedLedger(std::move(parts)));
}

// What the process before this one left in the journal goes into the table; then every slot is free.
Result<void> MappedLedger::Parts::replay(uint64_t watermark) {
  last_sequence = watermark;
  std::vector<uint32_t> sent;
  for (uint32_t slot = 0; slot < journal.slots(); ++slot) {
    const auto entry = journal.read(slot);
    last_number = std::max(last_number, entry.number);
    last_sequence = std::max(last_sequence, entry.sequence);
    if (entry.state == JournalEntry::State::sent) sent.push_back(slot);
    if (entry.state == JournalEntry::State::settled && entry.sequence > watermark) charges.add(entry);
  }
  // They are settled in the journal first: should this process die before the slots are free, the next one
  // knows by the watermark that they were charged.
  for (const uint32_t slot : sent) {
    const auto entry = journal.read(slot);
    journal.settle(slot, entry.number, entry.amount, ++last_sequence);
    charges.add(entry);
  }
  if (auto done = fold(); !done) return done;
  for (uint32_t slot = static_cast<uint32_t>(journal.slots()); slot-- > 0;) {
    // A page that nobody used stays untouched.
    if (file->words()[slot * LedgerJournal::kWordsPerSlot] != 0) journal.free(slot);
    places.push_back(slot);
  }
  file->relax();
  const auto rows = table.rows(clock.wall());
  if (!rows) return fail(rows.error());
  for (const auto& row : *rows) sums.restore(row.account, row.window, row.spent);
  return {};
}

MappedLedger::MappedLedger(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {
  parts_->thread = std::thread([&parts = *parts_] { parts.work(); });
}

MappedLedger::~MappedLedger() {
  {
    const std::lock_guard guard(parts_->wake_lock);
    parts_->stopping = true;
  }
  parts_->wake.notify_all();
  parts_->thread.join();
}

void MappedLedger::Parts::work() {
  for (bool last = false; !last;) {
    {
      std::unique_lock guard(wake_lock);
      wake.wait_for(guard, options.fold_every, [&] {
        if (stopping) return true;
        const std::lock_guard slots(lock);
        return settled.size() >= kHurry;
      });
      last = stopping;
    }
    const auto done = fold();
    const std::lock_guard guard(table_lock);
    if (!done && !failing) {
      log.error("what was spent cannot be written to ledger.db; it is kept in the journal until it can",
                {{"why", done.error().message}});
    } else if (done && failing) {
      log.info("what was spent is written to ledger.db again");
    }
    failing = !done;
  }
}

Result<void> MappedLedger::Parts::fold() {
  const std::lock_guard table_guard(table_lock);
  std::vector<uint32_t> batch;
  batch.reserve(kHurry);  // what takes its place needs no memory under the lock
  std::vector<LedgerSums::Carried> carried;
  uint64_t watermark = 0;
  {
    const std::lock_guard guard(lock);
    batch.swap(settled);
    carried = sums.take_carried();
    watermark = last_sequence;  // all up to it are in this batch or in one before
  }
  for (const auto& one : carried) charges.add(one.account, one.window, one.spent);
  for (const uint32_t slot : batch) charges.add(journal.read(slot));
  folding.insert(folding.end(), batch.begin(), batch.end());
  const auto list = charges.list();
  if (list.empty()) return {};
  // First the journal: after a power cut no slot may say less than the table knows.
  if (auto synced = file->sync(); !synced) return synced;
  if (auto added = table.add(list, watermark, clock.wall() - kKept); !added) return added;
  charges = {};
  for (size_t i = 0; i < folding.size();) {
    const std::lock_guard guard(lock);
    for (const size_t end = std::min(i + kFreedAtOnce, folding.size()); i < end; ++i) {
      journal.free(folding[i]);
      places.push_back(folding[i]);
    }
  }
  folding.clear();
  return {};
}

Result<void> MappedLedger::fold() {
  return parts_->fold();
}

Result<std::vector<uint32_t>> MappedLedger::accounts(std::span<const std::string> names) {
  const std::lock_guard guard(parts_->table_lock);
  std::vector<uint32_t> ids;
  for (const auto& name : names) {
    const auto id = parts_->table.account(name);
    if (!id) return fail(id.error());
    ids.push_back(*id);
  }
  return ids;
}

std::expected<Reservation, Shortage> MappedLedger::reserve(std::span<const Level> levels, NanoUsd amount,
                                                           WallTime now) {
  auto& p = *parts_;
  const std::lock_guard guard(p.lock);
  if (p.places.empty()) {
    ++p.counts.full;
    return std::unexpected(Shortage{.why = Shortage::Why::full});
  }
  if (auto shortage = p.sums.take(levels, amount, now)) return std::unexpected(*shortage);
  const uint32_t slot = p.places.back();
  p.places.pop_back();
  p.journal.reserve(slot, ++p.last_number, amount, levels);
  ++p.counts.open;
  return Reservation{.slot = slot, .number = p.last_number, .amount = amount};
}

void MappedLedger::sent(const Reservation& reservation) {
  const std::lock_guard guard(parts_->lock);
  parts_->journal.sent(reservation.slot, reservation.number);
}

void MappedLedger::settle(const Reservation& reservation, NanoUsd actual) {
  auto& p = *parts_;
  bool hurry = false;
  {
    const std::lock_guard guard(p.lock);
    if (!p.journal.holds(reservation.slot, reservation.number)) return;
    const auto entry = p.journal.read(reservation.slot);
    if (actual.value > 0) {
      p.journal.settle(reservation.slot, reservation.number, actual, ++p.last_sequence);
      p.settled.push_back(reservation.slot);
      hurry = p.settled.size() == kHurry;
    } else {
      p.journal.free(reservation.slot);
      p.places.push_back(reservation.slot);
    }
    for (const auto& part : entry.parts) p.sums.settle(part.account, part.window, entry.amount, actual);
    if (actual > entry.amount) ++p.counts.overruns;
    --p.counts.open;
  }
  if (hurry) p.wake.notify_one();
}

Balance MappedLedger::balance(uint32_t account, const Window& window) const {
  const std::lock_guard guard(parts_->lock);
  return parts_->sums.balance(account, window);
}

LedgerCounts MappedLedger::counts() const {
  const std::lock_guard guard(parts_->lock);
  return parts_->counts;
}

}  // namespace llmgw::store
