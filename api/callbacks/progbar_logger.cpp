#include <chrono>

#include "api/model.h"
#include "backends/core/fields.h"

namespace lamina {

namespace {
double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

std::string step_time(double seconds) {
  char buffer[32];
  if (seconds >= 1 || seconds == 0)
    std::snprintf(buffer, sizeof buffer, "%.0fs", seconds);
  else if (seconds >= 1e-3)
    std::snprintf(buffer, sizeof buffer, "%.0fms", seconds * 1e3);
  else
    std::snprintf(buffer, sizeof buffer, "%.0fus", seconds * 1e6);
  return buffer;
}

std::string clock_time(double seconds) {
  auto s = static_cast<long>(seconds);
  char buffer[32];
  if (s > 3600)
    std::snprintf(buffer, sizeof buffer, "%ld:%02ld:%02ld", s / 3600, s % 3600 / 60, s % 60);
  else if (s > 60)
    std::snprintf(buffer, sizeof buffer, "%ld:%02ld", s / 60, s % 60);
  else
    std::snprintf(buffer, sizeof buffer, "%lds", s);
  return buffer;
}
}  // namespace

struct ProgbarLogger::Bar {
  std::optional<int64_t> target;
  double start = now(), first_step_end = 0, last_draw = 0;
  size_t width = 0;
};

ProgbarLogger::ProgbarLogger(int verbose) : verbose_(verbose) {}
ProgbarLogger::~ProgbarLogger() = default;

void ProgbarLogger::set_params(const Dict& params) {
  Callback::set_params(params);
  if (const Value* v = params.find("verbose"); v && v->is_int()) verbose_ = static_cast<int>(v->as_int());
  if (const Value* v = params.find("epochs"); v && v->is_int()) epochs_ = v->as_int();
  if (const Value* v = params.find("steps")) target_ = v->is_int() ? std::optional(v->as_int()) : std::nullopt;
}

void ProgbarLogger::attributes(Fields& f) {
  f("verbose", verbose_);
  f("seen", seen_);
  f("target", target_);
  f("epochs", epochs_);
}

void ProgbarLogger::start() {
  bar_ = std::make_unique<Bar>();
  bar_->target = target_;
  seen_ = 0;
}

void ProgbarLogger::finish(const Dict& logs) {
  if (!bar_) return;
  if (!target_) bar_->target = target_ = seen_;  // now it is known
  draw(*bar_->target, logs, true);
}

void ProgbarLogger::draw(int64_t current, const Dict& logs, bool final) {
  if (!bar_ || verbose_ == 0) return;
  if (current > 0 && bar_->first_step_end == 0) bar_->first_step_end = now();
  if (verbose_ == 2 && !final) return;
  double t = now();
  if (verbose_ == 1 && !final && t - bar_->last_draw < 0.05) return;
  bar_->last_draw = t;
  std::string line;
  // The first step traces and compiles; the time a step counts from its end.
  double per_step = current > 1 ? (t - bar_->first_step_end) / static_cast<double>(current - 1) : t - bar_->start;
  if (verbose_ == 1) {
    constexpr int kWidth = 20;
    if (bar_->target) {
      std::string count = std::to_string(current), target = std::to_string(*bar_->target);
      line += std::string(target.size() - std::min(target.size(), count.size()), ' ') + count + "/" + target + " ";
      int filled = *bar_->target ? static_cast<int>(kWidth * current / *bar_->target) : kWidth;
      // Done in green, the rest grey: the bar keeps its length.
      line += "\033[32m";
      for (int i = 0; i < filled; ++i) line += "━";
      line += "\033[0m\033[37m";
      for (int i = filled; i < kWidth; ++i) line += "━";
      line += "\033[0m";
    } else {
      line += text("      ", current, "/Unknown ");
    }
    if (final || !bar_->target)
      line += text(" ", clock_time(t - bar_->start), " ", step_time(per_step), "/step");
    else
      line += text(" ", clock_time(per_step * static_cast<double>(*bar_->target - current)), " ", step_time(per_step),
                   "/step");
  } else {
    if (bar_->target) line += text(*bar_->target, "/", *bar_->target, " - ");
    line += text(clock_time(t - bar_->start), " - ", step_time(per_step), "/step");
  }
  for (const auto& [key, value] : logs) {
    if (!value.is_number()) continue;
    char number[32];
    double v = value.as_number();
    std::snprintf(number, sizeof number, std::abs(v) > 1e-3 ? "%.4f" : "%.4e", v);
    line += text(" - ", key, ": ", number);
  }
  size_t width = line.size();
  if (verbose_ == 1) {
    std::string padded = line;
    if (bar_->width > width) padded += std::string(bar_->width - width, ' ');
    bar_->width = width;
    print_text("\r" + padded + (final ? "\n" : ""));
  } else {
    print_text(line + "\n");
  }
}

void ProgbarLogger::on_train_begin(Dict&) { called_in_fit_ = true; }
void ProgbarLogger::on_epoch_begin(int64_t epoch, Dict&) {
  start();
  if (verbose_ && epochs_ > 1) print_text(text("Epoch ", epoch + 1, "/", epochs_, "\n"));
}
void ProgbarLogger::on_epoch_end(int64_t, Dict& logs) { finish(logs); }
void ProgbarLogger::on_train_batch_end(int64_t batch, Dict& logs) { draw(seen_ = batch + 1, logs, false); }
void ProgbarLogger::on_test_begin(Dict&) {
  if (!called_in_fit_) start();
}
void ProgbarLogger::on_test_batch_end(int64_t batch, Dict& logs) {
  if (!called_in_fit_) draw(seen_ = batch + 1, logs, false);
}
void ProgbarLogger::on_test_end(Dict& logs) {
  if (!called_in_fit_) finish(logs);
}
void ProgbarLogger::on_predict_begin(Dict&) { start(); }
void ProgbarLogger::on_predict_batch_end(int64_t batch, Dict&) { draw(seen_ = batch + 1, {}, false); }
void ProgbarLogger::on_predict_end(Dict&) { finish({}); }

}  // namespace lamina
