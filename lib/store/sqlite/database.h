#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace llmgw::store::sqlite {

// What an Error from here has as its `code`.
inline constexpr std::string_view kCorrupt = "sqlite_corrupt";    // damaged, or no database at all
inline constexpr std::string_view kReadOnly = "sqlite_readonly";  // cannot be written, or not be opened
inline constexpr std::string_view kFailed = "sqlite";             // anything else: busy, disk full, …

class Statement;

// One connection, used by one thread.
class Database {
 public:
  enum class Mode : uint8_t { read, write };  // write creates the file, 0600

  // Nothing is read yet: a file that is no database shows itself at the first statement.
  static Result<Database> open(const std::string& path, Mode);
  Database(Database&& other) noexcept;
  Database& operator=(Database&& other) noexcept;
  ~Database();

  // One or more statements without results.
  Result<void> run(const std::string& sql);
  // The first column of the first row; 0 when there is none.
  Result<int64_t> number(const std::string& sql);
  Result<Statement> prepare(std::string_view sql);

  const std::string& path() const { return path_; }

 private:
  Database(sqlite3* db, std::string path) : db_(db), path_(std::move(path)) {}

  sqlite3* db_;
  std::string path_;
};

// A prepared statement. It must go before its Database does.
class Statement {
 public:
  Statement(Statement&& other) noexcept;
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Parameters count from 1. Text and blobs are not copied: they stand until the next reset().
  Statement& bind(int index, int64_t value);
  Statement& bind(int index, std::optional<int64_t> value);
  Statement& bind_text(int index, std::string_view text);
  Statement& bind_text_or_null(int index, std::string_view text);  // empty is NULL
  Statement& bind_blob(int index, std::string_view bytes);
  Statement& bind_null(int index);

  // True: there is a row to read.
  Result<bool> step();
  // Runs a statement without results, and resets it.
  Result<void> run();
  void reset();

  // Columns count from 0. Text and blobs stand until the next step() or reset().
  int64_t number(int column) const;
  std::optional<int64_t> maybe_number(int column) const;
  std::string_view text(int column) const;
  bool is_blob(int column) const;

 private:
  friend class Database;
  Statement(sqlite3_stmt* statement, const std::string* path) : statement_(statement), path_(path) {}

  sqlite3_stmt* statement_;
  const std::string* path_;
};

// The transaction of a connection; rolled back unless it was committed.
class Transaction {
 public:
  // Takes the write lock at once, waiting for other processes as long as the connection's busy timeout.
  static Result<Transaction> begin(Database&);
  Transaction(Transaction&& other) noexcept : database_(std::exchange(other.database_, nullptr)) {}
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;
};

}  // namespace llmgw::store::sqlite
