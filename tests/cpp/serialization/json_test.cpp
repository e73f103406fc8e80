#include "serialization/formats/json/json.h"

#include <cmath>
#include <limits>

#include "file_support.h"

namespace lamina {
namespace {

using testing::HasSubstr;

TEST(Json, WritesWhatPythonWrites) {
  const Dict& cases = golden().as_dict().at("json").as_dict();
  EXPECT_EQ(to_json(cases.at("value")), cases.at("compact").as_string());
  EXPECT_EQ(to_json(cases.at("value"), 2), cases.at("indented").as_string());
}

TEST(Json, ReadsBackWhatItWrites) {
  const Dict& cases = golden().as_dict().at("json").as_dict();
  for (int indent : {-1, 0, 3}) {
    std::string written = to_json(cases.at("value"), indent);
    EXPECT_EQ(to_json(parse_json(written)), cases.at("compact").as_string());
  }
}

TEST(Json, TellsIntsFromFloats) {
  const List items = parse_json("[1, 1.0, -0, 1e2, 9223372036854775807, 9223372036854775808, true]").as_list();
  EXPECT_TRUE(items[0].is_int());
  EXPECT_TRUE(items[1].is_real());
  EXPECT_TRUE(items[2].is_int());
  EXPECT_TRUE(items[3].is_real());
  EXPECT_EQ(items[4].as_int(), std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(items[5].is_real());
  EXPECT_EQ(items[5].as_number(), 9223372036854775808.0);
  EXPECT_TRUE(items[6].is_bool());
}

TEST(Json, TakesNumbersBeyondDouble) {
  EXPECT_EQ(parse_json("1e999").as_number(), INFINITY);
  EXPECT_EQ(parse_json("-1e999").as_number(), -INFINITY);
  EXPECT_EQ(parse_json("1e-999").as_number(), 0);
  EXPECT_EQ(parse_json("0.0001e-999").as_number(), 0);
  EXPECT_EQ(parse_json("1" + std::string(400, '0')).as_number(), INFINITY);
}

TEST(Json, TakesPythonsConstants) {
  EXPECT_TRUE(std::isnan(parse_json("NaN").as_number()));
  EXPECT_EQ(parse_json(" Infinity ").as_number(), INFINITY);
  EXPECT_EQ(parse_json("[-Infinity]").as_list()[0].as_number(), -INFINITY);
  EXPECT_EQ(to_json(List{NAN, INFINITY, -INFINITY, nullptr}), "[NaN, Infinity, -Infinity, null]");
}

TEST(Json, KeepsTheOrderOfKeysAndTheLastOfRepeatedOnes) {
  EXPECT_EQ(to_json(parse_json(R"({"b": 1, "a": 2, "b": 3})")), R"({"b": 3, "a": 2})");
}

TEST(Json, WritesTuplesAsLists) { EXPECT_EQ(to_json(Value(Shape{2, -1})), "[2, null]"); }

TEST(Json, TakesAllEscapes) {
  EXPECT_EQ(parse_json(R"("\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u0000x")").as_string(),
            std::string("\"\\/\b\f\n\r\t\u00e9\U0001f600\0x", 16));
  EXPECT_EQ(parse_json("\"gr\u00f6\u00dfe\"").as_string(), "gr\u00f6\u00dfe");
}

TEST(Json, NamesThePlaceOfAFault) {
  EXPECT_ERROR(ValueError, parse_json("{\"a\": 1,\n  \"b\" 2}", "config.json"),
               HasSubstr("config.json: line 2, column 7"), HasSubstr("expected ':' after the key \"b\""),
               HasSubstr("received '2}'"));
  EXPECT_ERROR(ValueError, parse_json("[1, 2"), HasSubstr("line 1, column 6: expected ',' or ']'"),
               HasSubstr("the end of the text"));
  EXPECT_ERROR(ValueError, parse_json("[\"\u00f6\u00f6\", x]"), HasSubstr("column 8"));  // characters, not bytes
}

TEST(Json, RefusesWhatIsNoJson) {
  for (const char* bad : {"",
                          "  ",
                          "{",
                          "[",
                          "[1,]",
                          "{\"a\":1,}",
                          "{a: 1}",
                          "{1: 2}",
                          "{\"a\"}",
                          "01",
                          "1.",
                          ".5",
                          "+1",
                          "-",
                          "1e",
                          "0x1",
                          "nan",
                          "inf",
                          "True",
                          "nul",
                          "'a'",
                          "\"a",
                          "\"\\x\"",
                          "\"\\u12g4\"",
                          "\"\\ud800\"",
                          "\"\\ud800\\u0041\"",
                          "\"\\udc00\"",
                          "\"\t\"",
                          "\"\xff\"",
                          "\"\xc0\x80\"",
                          "\"\xed\xa0\x80\"",
                          "1 2",
                          "[] ]",
                          "// 1",
                          "-NaN"})
    EXPECT_ERROR(ValueError, parse_json(bad), HasSubstr("Cannot parse JSON text: line 1, column ")) << bad;
}

TEST(Json, LimitsDepthBothWays) {
  auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_NO_THROW(parse_json(nested(kMaxJsonDepth)));
  EXPECT_ERROR(ValueError, parse_json(nested(100'000)), HasSubstr("at most 200 nested"));
  Value deep;
  for (int i = 0; i < kMaxJsonDepth + 1; ++i) deep = List{deep};
  EXPECT_ERROR(ValueError, to_json(deep), HasSubstr("at most 200 nested"));
}

TEST(Json, LimitsKeys) {
  std::string many = "{";
  for (size_t i = 0; i <= kMaxJsonKeys; ++i) many += text(i ? "," : "", "\"", i, "\":0");
  EXPECT_ERROR(ValueError, parse_json(many + "}"), HasSubstr("at most 10000 keys"));
}

TEST(Json, NamesThePlaceOfWhatItCannotWrite) {
  Tensor tensor = Tensor::scalar_of(1, DType::float32);
  EXPECT_ERROR(TypeError, to_json(Dict{{"config", List{1, Dict{{"kernel", tensor}}}}}),
               HasSubstr("the value['config'][1]['kernel']"), HasSubstr("Tensor"), HasSubstr("Serialize it"));
  EXPECT_ERROR(TypeError, to_json(SliceValue{}), HasSubstr("slice"));
  EXPECT_ERROR(ValueError, to_json(List{"\xff"}), HasSubstr("UTF-8 text at the value[0]"), HasSubstr("255"));
}

}  // namespace
}  // namespace lamina
