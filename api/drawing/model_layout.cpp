#include "api/drawing/model_layout.h"

#include <algorithm>
#include <numeric>

namespace lamina {

namespace {

constexpr int kSweeps = 8;

struct Item {  // a box, or the place where an arrow passes a row
  double width = 0, height = 0, x = 0, key = 0;
  int row = 0, group = -1;
  std::vector<int> above, below;
};

// Rows: the longest way from a box without arrows into it. Arrows of circles are left out.
std::vector<int> rows_of(size_t count, const std::vector<LayoutArrow>& arrows) {
  std::vector<std::vector<int>> after(count);
  std::vector<int> open(count, 0), row(count, 0), ready;
  for (const LayoutArrow& a : arrows)
    after[static_cast<size_t>(a.from)].push_back(a.to), ++open[static_cast<size_t>(a.to)];
  for (size_t i = 0; i < count; ++i)
    if (!open[i]) ready.push_back(static_cast<int>(i));
  while (!ready.empty()) {
    const int now = ready.back();
    ready.pop_back();
    for (int next : after[static_cast<size_t>(now)]) {
      row[static_cast<size_t>(next)] = std::max(row[static_cast<size_t>(next)], row[static_cast<size_t>(now)] + 1);
      if (--open[static_cast<size_t>(next)] == 0) ready.push_back(next);
    }
  }
  return row;
}

double centre(const std::vector<Item>& items, const std::vector<int>& neighbours, double otherwise) {
  if (neighbours.empty()) return otherwise;
  std::vector<double> places;
  for (int n : neighbours) places.push_back(items[static_cast<size_t>(n)].x);
  std::sort(places.begin(), places.end());
  const size_t middle = places.size() / 2;
  return places.size() % 2 ? places[middle] : (places[middle - 1] + places[middle]) / 2;
}

// Puts a row's items beside each other, each as near to its key as the order allows: runs of items that would overlap
// are moved as one, to the mean of what they want.
void place(std::vector<Item>& items, const std::vector<int>& row, double gap) {
  struct Run {
    double sum, count, offset, width;  // wanted left edges, and how wide
    double left() const { return sum / count; }
  };
  std::vector<Run> runs;
  std::vector<size_t> sizes;
  for (int i : row) {
    const Item& item = items[static_cast<size_t>(i)];
    Run now{item.key - item.width / 2, 1, 0, item.width + gap};
    size_t size = 1;
    while (!runs.empty() && runs.back().left() + runs.back().width > now.left()) {
      Run& before = runs.back();
      before.sum += now.sum - now.count * before.width;
      before.count += now.count;
      before.width += now.width;
      now = before;
      size += sizes.back();
      runs.pop_back(), sizes.pop_back();
    }
    runs.push_back(now), sizes.push_back(size);
  }
  size_t at = 0;
  for (size_t r = 0; r < runs.size(); ++r) {
    double left = runs[r].left();
    for (size_t k = 0; k < sizes[r]; ++k, ++at) {
      Item& item = items[static_cast<size_t>(row[at])];
      item.x = left + item.width / 2;
      left += item.width + gap;
    }
  }
}

void order(std::vector<Item>& items, std::vector<int>& row) {
  // A group stands where its items want to be on average.
  std::vector<std::pair<double, int>> sums;  // by group
  for (int i : row) {
    const Item& item = items[static_cast<size_t>(i)];
    if (item.group < 0) continue;
    if (sums.size() <= static_cast<size_t>(item.group)) sums.resize(static_cast<size_t>(item.group) + 1);
    sums[static_cast<size_t>(item.group)].first += item.key, ++sums[static_cast<size_t>(item.group)].second;
  }
  auto place_of = [&](const Item& item) {
    return item.group < 0 ? item.key
                          : sums[static_cast<size_t>(item.group)].first / sums[static_cast<size_t>(item.group)].second;
  };
  std::stable_sort(row.begin(), row.end(), [&](int a, int b) {
    const Item &x = items[static_cast<size_t>(a)], &y = items[static_cast<size_t>(b)];
    const double p = place_of(x), q = place_of(y);
    return p != q ? p < q : x.group != y.group ? x.group < y.group : x.key < y.key;
  });
}

}  // namespace

void lay_out(std::vector<LayoutBox>& boxes, std::vector<LayoutArrow>& arrows, double gap, double row_gap) {
  if (boxes.empty()) return;
  const std::vector<int> row = rows_of(boxes.size(), arrows);
  std::vector<Item> items;
  for (size_t i = 0; i < boxes.size(); ++i)
    items.push_back({boxes[i].width, boxes[i].height, 0, 0, row[i], boxes[i].group, {}, {}});
  std::vector<std::vector<int>> passed(arrows.size());  // the items between the ends of each arrow, from top to bottom
  for (size_t a = 0; a < arrows.size(); ++a) {
    int top = arrows[a].from, bottom = arrows[a].to;
    if (row[static_cast<size_t>(top)] > row[static_cast<size_t>(bottom)]) std::swap(top, bottom);
    int last = top;
    for (int r = row[static_cast<size_t>(top)] + 1; r <= row[static_cast<size_t>(bottom)]; ++r) {
      int next = bottom;
      if (r < row[static_cast<size_t>(bottom)]) {
        next = static_cast<int>(items.size());
        items.push_back({gap / 2, 0, 0, 0, r, -1, {}, {}});
        passed[a].push_back(next);
      }
      items[static_cast<size_t>(last)].below.push_back(next);
      items[static_cast<size_t>(next)].above.push_back(last);
      last = next;
    }
  }
  std::vector<std::vector<int>> rows(static_cast<size_t>(*std::max_element(row.begin(), row.end())) + 1);
  for (size_t i = 0; i < items.size(); ++i) rows[static_cast<size_t>(items[i].row)].push_back(static_cast<int>(i));
  for (auto& r : rows) place(items, r, gap);
  for (int sweep = 0; sweep < kSweeps; ++sweep) {
    const bool down = sweep % 2 == 0;
    for (size_t k = 0; k < rows.size(); ++k) {
      auto& r = rows[down ? k : rows.size() - 1 - k];
      for (int i : r) {
        Item& item = items[static_cast<size_t>(i)];
        item.key = centre(items, down ? item.above : item.below, item.x);
      }
      if (sweep < kSweeps - 2) order(items, r);  // the last two sweeps straighten
      place(items, r, gap);
    }
  }
  double left = 0, top = 0;
  for (const Item& item : items) left = std::min(left, item.x - item.width / 2);
  std::vector<std::pair<double, double>> bands;  // where each row begins and ends
  for (const auto& r : rows) {
    double height = 0;
    for (int i : r) height = std::max(height, items[static_cast<size_t>(i)].height);
    bands.emplace_back(top, top + height);
    top += height + row_gap;
  }
  auto band = [&](int item) { return bands[static_cast<size_t>(items[static_cast<size_t>(item)].row)]; };
  auto x_of = [&](int item) { return items[static_cast<size_t>(item)].x - left; };
  for (size_t i = 0; i < boxes.size(); ++i) {
    const auto [first, last] = band(static_cast<int>(i));
    boxes[i].x = x_of(static_cast<int>(i)), boxes[i].y = (first + last) / 2;
  }
  for (size_t a = 0; a < arrows.size(); ++a) {
    int upper = arrows[a].from, lower = arrows[a].to;
    const bool upwards = row[static_cast<size_t>(upper)] > row[static_cast<size_t>(lower)];
    if (upwards) std::swap(upper, lower);
    auto& bends = arrows[a].bends;
    bends.emplace_back(x_of(upper), band(upper).second);
    for (int i : passed[a]) {
      bends.emplace_back(x_of(i), band(i).first);
      bends.emplace_back(x_of(i), band(i).second);
    }
    bends.emplace_back(x_of(lower), band(lower).first);
    if (upwards) std::reverse(bends.begin(), bends.end());
  }
}

}  // namespace lamina
