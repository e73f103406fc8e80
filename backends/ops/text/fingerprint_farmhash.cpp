#include "backends/core/error.h"
#include "backends/ops/text/fingerprint.h"

#ifdef LAMINA_FARMHASH
#include <farmhash.h>
#endif

namespace lamina {

uint64_t fingerprint64(std::string_view bytes) {
#ifdef LAMINA_FARMHASH
  return util::Fingerprint64(bytes.data(), bytes.size());
#else
  (void)bytes;
  throw UnsupportedError(
      "This build of Lamina has no FarmHash, which hashes without a salt need: build it where libfarmhash-dev is "
      "installed, or give `salt`, which is hashed with by SipHash.");
#endif
}

}  // namespace lamina
