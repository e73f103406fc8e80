#pragma once
// Where the boxes of a drawing stand: in rows by their distance from the inputs, each row ordered so that few arrows
// cross (Sugiyama's method: Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System
// Structures", 1981). Arrows pass the rows between their ends beside the boxes there.
#include <utility>
#include <vector>

namespace lamina {

struct LayoutBox {
  double width = 0, height = 0;  // given
  int group = -1;                // boxes of a group are kept beside each other
  double x = 0, y = 0;           // found: the centre, rows from top to bottom
};
// From one box to another, by their numbers.
struct LayoutArrow {
  int from = 0, to = 0;                          // given
  std::vector<std::pair<double, double>> bends;  // found: where it leaves and enters rows, in order
};
// `gap` between boxes of a row and `row_gap` between rows. Arrows that close a circle are laid out the other way round.
void lay_out(std::vector<LayoutBox>& boxes, std::vector<LayoutArrow>& arrows, double gap, double row_gap);

}  // namespace lamina
