#include "file_support.h"
#include "serialization/formats/hdf5/hdf5_store.h"

namespace lamina {
namespace {

using testing::HasSubstr;

Hdf5Reader hostile(const std::string& name, const Hdf5Limits& limits = {}) {
  return Hdf5Reader(data_file("hostile/" + name), limits);
}

TEST(HostileHdf5, FollowsHardLinksOnly) {
  Hdf5Reader soft = hostile("soft_link.h5");
  EXPECT_ERROR(ValueError, soft.read("vars/0"), HasSubstr("soft_link.h5"), HasSubstr("received '0', a soft link"),
               HasSubstr("not followed"));
  EXPECT_ERROR(ValueError, soft.keys("vars"), HasSubstr("a soft link"));
  EXPECT_ERROR(ValueError, soft.datasets(), HasSubstr("a soft link"));
  EXPECT_EQ(soft.read("vars/real").size(), 2);
  Hdf5Reader external = hostile("external_link.h5");
  EXPECT_ERROR(ValueError, external.read("vars/0"), HasSubstr("a link to another file"));
  EXPECT_ERROR(ValueError, external.kind("vars/0/x"), HasSubstr("a link to another file"));
}

TEST(HostileHdf5, TakesDataFromTheFileOnly) {
  EXPECT_ERROR(ValueError, hostile("virtual.h5").spec("vars/0"), HasSubstr("dataset '/vars/0'"),
               HasSubstr("virtual dataset"));
  EXPECT_ERROR(ValueError, hostile("virtual.h5").read("vars/0"), HasSubstr("virtual dataset"));
  EXPECT_ERROR(ValueError, hostile("external_storage.h5").read("vars/0"), HasSubstr("takes it from other files"));
}

TEST(HostileHdf5, RunsNoUnknownFilters) {
  EXPECT_ERROR(UnsupportedError, hostile("unknown_filter.h5").read("vars/0"), HasSubstr("received filter 32000 (lzf)"),
               HasSubstr("Write the file again"));
}

TEST(HostileHdf5, ChecksSizesBeforeMemoryIsTaken) {
  Hdf5Reader reader = hostile("huge_shape.h5");
  EXPECT_ERROR(ValueError, reader.spec("vars/0"), HasSubstr("(1099511627776, 1024)"),
               HasSubstr("the file holds 0 bytes"));
  EXPECT_ERROR(ValueError, reader.spec("vars/1"), HasSubstr("the file holds 0 bytes"));
  EXPECT_ERROR(ValueError, reader.spec("vars/2"), HasSubstr("at most 2^56"));
  EXPECT_ERROR(ValueError, hostile("inflating_chunk.h5").read("vars/0"), HasSubstr("chunks of 4096 bytes"),
               HasSubstr("unpacks to more"));
}

// libhdf5 1.10 reads outside its buffers for the first two.
TEST(HostileHdf5, ChecksWhereDataLies) {
  EXPECT_ERROR(ValueError, hostile("empty_compact.h5").read("vars/0"),
               HasSubstr("(2,) of float32 (8 bytes), for which the file holds 0 bytes"));
  EXPECT_ERROR(ValueError, hostile("long_storage.h5").read("vars/0"), HasSubstr("for which the file holds 9 bytes"));
  EXPECT_ERROR(ValueError, hostile("beyond_end.h5").read("vars/0"), HasSubstr("dataset '/vars/0'"),
               HasSubstr("beyond the end of the file"));
}

TEST(HostileHdf5, LimitsExpansionAndChunks) {
  Hdf5Limits limits;
  limits.max_expansion = 100;
  EXPECT_ERROR(ValueError, Hdf5Reader(data_file("plain.h5"), limits).spec("packed/zeros"), HasSubstr("in proportion"));
  EXPECT_NO_THROW(Hdf5Reader(data_file("plain.h5"), limits).spec("packed/gzip"));
  limits.max_chunks = 4;
  EXPECT_ERROR(ValueError, Hdf5Reader(data_file("plain.h5"), limits).spec("packed/chunks"),
               HasSubstr("at most 4 chunks; received 5"));
}

TEST(HostileHdf5, EndsOnCyclesDepthAndNumbers) {
  EXPECT_ERROR(ValueError, hostile("cycle.h5").datasets(), HasSubstr("'/a/b/again'"), HasSubstr("holds itself"));
  EXPECT_EQ(hostile("cycle.h5").read("a/b/again/b/again/b/c").item(), 1);
  Hdf5Limits limits;
  limits.max_depth = 8;
  EXPECT_ERROR(ValueError, hostile("deep.h5", limits).datasets(), HasSubstr("at most 8 nested groups"));
  EXPECT_ERROR(ValueError, hostile("deep.h5", limits).read("g/g/g/g/g/g/g/g/g/g"),
               HasSubstr("at most 8 nested groups; received 10"));
  EXPECT_EQ(hostile("deep.h5").datasets().size(), 1u);
  limits = {};
  limits.max_objects = 1000;
  EXPECT_ERROR(ValueError, hostile("doubling.h5", limits).datasets(), HasSubstr("at most 1000 objects"));
  limits.max_objects = 5;
  EXPECT_ERROR(ValueError, Hdf5Reader(data_file("plain.h5"), limits).keys("order"), HasSubstr("at most 5 objects"));
}

}  // namespace
}  // namespace lamina
