#include <gtest/gtest.h>

#include "backends/graph/graph.h"

namespace lamina {
namespace {

Ids counted(int n) {
  Ids ids;
  for (int i = 0; i < n; ++i) ids.push_back(10 * i);
  return ids;
}

void expect_counted(const Ids& ids, int n) {
  ASSERT_EQ(ids.size(), static_cast<size_t>(n));
  EXPECT_EQ(ids.empty(), n == 0);
  for (int i = 0; i < n; ++i) EXPECT_EQ(ids[static_cast<size_t>(i)], 10 * i);
  EXPECT_EQ(ids.end() - ids.begin(), n);
}

// Inline, just full, and on the heap: in all pairs, since what is moved or assigned may change its place.
TEST(Ids, CopiesMovesAndGrows) {
  for (int n : {0, 1, 4, 5, 40})
    for (int m : {0, 3, 4, 5, 17}) {
      Ids a = counted(n), copy = a, moved = std::move(copy);
      expect_counted(a, n);
      expect_counted(moved, n);
      Ids b = counted(m);
      b = a;
      expect_counted(b, n);
      b = counted(m);
      expect_counted(b, m);
      a = std::move(b);
      expect_counted(a, m);
      const Ids& same = a;
      a = same;
      expect_counted(a, m);
      a.push_back(7);
      EXPECT_EQ(a[static_cast<size_t>(m)], 7);
      EXPECT_EQ(Ids(a.vec()), a);
      EXPECT_EQ(a == moved, false);
    }
  EXPECT_EQ((Ids{1, 2, 3, 4, 5}), Ids(std::vector<int>{1, 2, 3, 4, 5}));
  EXPECT_FALSE((Ids{1, 2}) == (Ids{1, 3}));
}

}  // namespace
}  // namespace lamina
