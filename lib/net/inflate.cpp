#include "net/inflate.h"

#include <zlib.h>
#include <zstd.h>

#include <array>

#include "base/text.h"

namespace llmgw::net {
namespace {

std::unexpected<Error> too_large(uint64_t limit) {
  return fail(ErrorClass::invalid_response,
              "decoded, the body is larger than " + std::to_string(limit) + " bytes", 413);
}

class Zlib final : public Inflater {
 public:
  Zlib() { ok_ = inflateInit2(&stream_, 15 + 32) == Z_OK; }  // 32: zlib or gzip, by its header
  ~Zlib() override { inflateEnd(&stream_); }

  Result<void> feed(std::string_view bytes, std::string& out, uint64_t limit) override {
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
    stream_.avail_in = static_cast<uInt>(bytes.size());
    std::array<char, 8192> piece;
    while (ok_ && stream_.avail_in > 0) {
      if (complete_) {  // another member (RFC 1952, 2.2)
        inflateReset(&stream_);
        complete_ = false;
      }
      do {
        stream_.next_out = reinterpret_cast<Bytef*>(piece.data());
        stream_.avail_out = piece.size();
        const int result = inflate(&stream_, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR) {
          return fail(ErrorClass::invalid_response, "broken gzip data");
        }
        out.append(piece.data(), piece.size() - stream_.avail_out);
        if (out.size() > limit) return too_large(limit);
        complete_ = result == Z_STREAM_END;
      } while (stream_.avail_out == 0 && !complete_);
    }
    return {};
  }
  bool complete() const override { return complete_; }

 private:
  z_stream stream_{};
  bool ok_ = false;
  bool complete_ = false;
};

class Zstd final : public Inflater {
 public:
  // A window above 8 MB is for no receiver of HTTP (RFC 9659, 3), and a head of some bytes could ask for 128.
  Zstd() : stream_(ZSTD_createDStream()) { ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, 23); }
  ~Zstd() override { ZSTD_freeDStream(stream_); }

  Result<void> feed(std::string_view bytes, std::string& out, uint64_t limit) override {
    ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
    std::array<char, 8192> piece;
    bool more = true;
    while (in.pos < in.size || more) {
      ZSTD_outBuffer to{piece.data(), piece.size(), 0};
      const size_t left = ZSTD_decompressStream(stream_, &to, &in);
      if (ZSTD_isError(left)) return fail(ErrorClass::invalid_response, "broken zstd data");
      out.append(piece.data(), to.pos);
      if (out.size() > limit) return too_large(limit);
      complete_ = left == 0;
      more = to.pos == to.size;
    }
    return {};
  }
  bool complete() const override { return complete_; }

 private:
  ZSTD_DStream* stream_;
  bool complete_ = false;
};

}  // namespace

std::unique_ptr<Inflater> Inflater::make(std::string_view coding) {
  if (iequals(coding, "gzip") || iequals(coding, "x-gzip") || iequals(coding, "deflate"))
    return std::make_unique<Zlib>();
  if (iequals(coding, "zstd")) return std::make_unique<Zstd>();
  return nullptr;
}

}  // namespace llmgw::net
