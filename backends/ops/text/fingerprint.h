#pragma once
// Hashes of bytes that are the same on every machine and in every year: what TensorFlow's string_to_hash_bucket ops and
// sparse.cross_hashed compute.
#include <array>
#include <cstdint>
#include <string_view>

namespace lamina {

// FarmHash's Fingerprint64. UnsupportedError where this build was made without the library.
uint64_t fingerprint64(std::string_view bytes);

// SipHash-2-4 under a key of two words.
using HashKey = std::array<uint64_t, 2>;
uint64_t siphash64(const HashKey& key, std::string_view bytes);

// The fingerprint of two things from theirs; not symmetric.
uint64_t combine_fingerprints(uint64_t first, uint64_t second);

}  // namespace lamina
