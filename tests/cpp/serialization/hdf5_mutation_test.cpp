// Files with random damage give typed errors or values, soon: no crash, no other exception, no memory beyond the
// file's.
#include <chrono>
#include <functional>
#include <random>

#include "file_support.h"
#include "serialization/formats/hdf5/hdf5_store.h"
#include "serialization/formats/zip/zip_archive.h"

namespace lamina {
namespace {

struct Outcome {
  int whole = 0, refused = 0;
};

// Everything that a reader can be asked of a file.
void read_all(const Hdf5Reader& file) {
  std::function<void(const std::string&, int)> visit = [&](const std::string& path, int depth) {
    auto attempt = [](auto&& f) {
      try {
        f();
      } catch (const Error&) {}
    };
    attempt([&] {
      for (const auto& name : file.attribute_names(path)) attempt([&] { file.find_attribute(path, name); });
    });
    attempt([&] { file.find_strings(path, "weight_names"); });
    attempt([&] {
      if (file.kind(path) == Hdf5Kind::dataset) file.read(path);
    });
    if (depth < 6)
      attempt([&] {
        for (const auto& key : file.keys(path)) visit(path + "/" + key, depth + 1);
      });
  };
  visit("", 0);
  for (const auto& path : file.datasets()) file.spec(path), file.read(path);
}

void read_mutant(std::string bytes, Outcome& outcome, const std::string& label) {
  Hdf5Limits limits;
  limits.max_objects = 5000;
  try {
    read_all(Hdf5Reader::from_memory(std::move(bytes), "mutant", limits));
    ++outcome.whole;
  } catch (const Error& error) {
    ++outcome.refused;
    EXPECT_NE(std::string(error.what()).find("mutant"), std::string::npos)
        << label << ": the error does not name the file: " << error.what();
  } catch (const std::exception& error) { ADD_FAILURE() << label << ": " << error.what(); } catch (...) {
    ADD_FAILURE() << label << ": not an exception of any known kind";
  }
}

// Damage of one kind at one place; half of the places are where structures begin.
std::string damaged(const std::string& whole, std::mt19937_64& random) {
  std::string out = whole;
  auto pick = [&](uint64_t below) { return random() % below; };
  static const std::string_view kSignatures[] = {"TREE", "SNOD", "HEAP", "GCOL", "OHDR",
                                                 "OCHK", "FRHP", "FHDB", "BTHD", "BTLF"};
  auto place = [&]() -> size_t {
    if (pick(2)) return pick(out.size());
    size_t start = out.find(kSignatures[pick(std::size(kSignatures))], pick(out.size()));
    return start == out.npos ? pick(std::min<size_t>(out.size(), 1024)) : std::min(out.size() - 1, start + pick(64));
  };
  for (uint64_t changes = 1 + pick(3); changes > 0; --changes) {
    size_t at = place();
    switch (pick(7)) {
      case 0: out[at] = static_cast<char>(out[at] ^ 1 << pick(8)); break;
      case 1: out[at] = static_cast<char>(random()); break;
      case 2: out[at] = '\xff'; break;
      case 3:
        for (size_t i = at; i < std::min(out.size(), at + 8); ++i)
          out[i] = static_cast<char>(i < at + 4 ? random() : 0);
        break;
      case 4: {  // an address of something else in the file
        uint64_t address = pick(out.size());
        for (size_t i = 0; i < 8 && at + i < out.size(); ++i) out[at + i] = static_cast<char>(address >> 8 * i);
        break;
      }
      case 5: {  // a piece of the file at another place
        size_t from = pick(out.size()), length = std::min({size_t{64}, out.size() - at, out.size() - from});
        out.replace(at, length, out.substr(from, length));
        break;
      }
      case 6: out.resize(std::max<size_t>(1, pick(out.size()))); break;
    }
  }
  return out;
}

TEST(MutatedHdf5, GivesTypedErrors) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* name :
       {"sequential.weights.h5", "functional.h5", "sequential.h5", "dtypes.weights.h5", "plain.h5", "latest.h5",
        "hostile/doubling.h5", "hostile/deep.h5", "hostile/cycle.h5", "hostile/unknown_filter.h5"})
    files.emplace_back(name, read_file(data_file(name)));
  files.emplace_back("keras", ArchiveReader(data_file("functional.keras")).read("model.weights.h5"));
  constexpr int kMutants = 300;  // of each file
  auto start = std::chrono::steady_clock::now();
  Outcome all;
  double slowest = 0;
  for (const auto& [name, whole] : files) {
    std::mt19937_64 random(std::hash<std::string>{}(name));
    for (int i = 0; i < kMutants; ++i) {
      auto began = std::chrono::steady_clock::now();
      read_mutant(damaged(whole, random), all, text(name, " #", i));
      slowest = std::max(slowest, std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
    }
  }
  EXPECT_GT(all.refused, kMutants);
  EXPECT_GT(all.whole, kMutants / 10);  // data may change without a trace
  std::printf("%d refused, %d read, %.1f s in all, %.2f s the slowest\n", all.refused, all.whole,
              std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(), slowest);
}

TEST(MutatedHdf5, EveryTruncationIsTold) {
  std::string whole = read_file(data_file("sequential.weights.h5"));
  for (size_t size = 1; size < whole.size(); size += 97)
    EXPECT_THROW(Hdf5Reader::from_memory(whole.substr(0, size), "mutant"), IOError) << size;
}

TEST(MutatedHdf5, EveryByteOfTheFrontMayBeAnything) {
  std::string whole = read_file(data_file("functional.weights.h5"));
  Outcome all;
  for (size_t at = 0; at < 800; ++at)
    for (int value : {0, 1, 0x7f, 0x80, 0xff}) {
      std::string mutant = whole;
      mutant[at] = static_cast<char>(value);
      read_mutant(mutant, all, text("byte ", at, " = ", value));
    }
  EXPECT_GT(all.refused, 200);
}

}  // namespace
}  // namespace lamina
