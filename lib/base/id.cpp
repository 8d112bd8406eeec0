#include "base/id.h"

namespace llmgw {

std::string request_id(WallTime now, Random& random) {
  static constexpr char kDigits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  std::string id(30, '_');
  id.replace(0, 4, "req_");
  auto ms = static_cast<uint64_t>(unix_ms(now));
  for (int i = 9; i >= 0; --i, ms >>= 5) id[4 + i] = kDigits[ms & 31];
  for (int half = 0; half < 2; ++half) {
    uint64_t bits = random.next();
    for (int i = 7; i >= 0; --i, bits >>= 5) id[14 + half * 8 + i] = kDigits[bits & 31];
  }
  return id;
}

}  // namespace llmgw
