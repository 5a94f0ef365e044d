#include "base/trace.h"

#include "base/hex.h"

#include <gmock/gmock.h>

namespace konomi {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

constexpr std::string_view kParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

class KeptSpans final : public SpanSink {
 public:
  void take(SpanRecord span) override { spans.push_back(std::move(span)); }
  std::vector<SpanRecord> spans;
};

TEST(Traceparent, IsReadAndWritten) {
  const auto context = parse_traceparent(kParent);
  ASSERT_TRUE(context);
  EXPECT_TRUE(context->sampled);
  EXPECT_EQ(to_hex(context->trace_id), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(traceparent_of(*context), kParent);
}

TEST(Traceparent, OfALaterVersionIsReadAsFarAsKnown) {
  EXPECT_TRUE(parse_traceparent("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00-more"));
}

TEST(Traceparent, MalformedIsNone) {
  for (const std::string_view text :
       {"", "00", "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
        "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01"}) {
    EXPECT_FALSE(parse_traceparent(text)) << text;
  }
}

TEST(Tracer, AChildKeepsTheTraceOfItsParent) {
  KeptSpans sink;
  Tracer tracer(sink, {}, 1);
  Span span = tracer.begin("child", SpanKind::server, parse_traceparent(kParent));
  span.set("http.route", "/x");
  span.fail("why");
  span.end();
  span.end();
  ASSERT_THAT(sink.spans, SizeIs(1));
  EXPECT_EQ(to_hex(sink.spans[0].context.trace_id), "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(sink.spans[0].parent, parse_traceparent(kParent));
  EXPECT_EQ(sink.spans[0].error, "why");
}

TEST(Tracer, FollowsTheCallerWhenItDoesNotSample) {
  KeptSpans sink;
  Tracer tracer(sink, {}, 1);
  auto parent = parse_traceparent(kParent);
  parent->sampled = false;
  Span span = tracer.begin("child", SpanKind::server, parent);
  EXPECT_FALSE(span.is_recorded());
  EXPECT_FALSE(span.context()->sampled);
  EXPECT_EQ(span.context()->trace_id, parent->trace_id);
}

TEST(Tracer, TakesAboutTheShareThatItIsTold) {
  KeptSpans sink;
  Tracer tracer(sink, {.ratio = 0.25}, 1);
  for (int i = 0; i < 4'000; ++i) tracer.begin("root", SpanKind::internal, std::nullopt);
  EXPECT_NEAR(static_cast<double>(sink.spans.size()), 1'000, 150);
}

TEST(Tracer, BoundsTheLinksAndCountsTheRest) {
  KeptSpans sink;
  Tracer tracer(sink, {}, 1);
  Span span = tracer.begin("batch", SpanKind::consumer, std::nullopt);
  for (std::size_t i = 0; i < kLinksMax + 7; ++i) span.link(*parse_traceparent(kParent));
  span.end();
  EXPECT_THAT(sink.spans[0].links, SizeIs(kLinksMax));
  EXPECT_EQ(sink.spans[0].links_dropped, 7U);
}

TEST(Tracer, OffMakesNothing) {
  Tracer tracer;
  Span span = tracer.begin("root", SpanKind::internal, std::nullopt);
  EXPECT_FALSE(span.context());
  EXPECT_FALSE(span.is_recorded());
}

TEST(TraceScope, NestsAndGoesBack) {
  EXPECT_FALSE(current_trace());
  {
    const TraceScope outer(parse_traceparent(kParent));
    EXPECT_TRUE(current_trace());
    {
      const TraceScope inner(std::nullopt);
      EXPECT_FALSE(current_trace());
    }
    EXPECT_EQ(current_trace(), parse_traceparent(kParent));
  }
  EXPECT_FALSE(current_trace());
}

}  // namespace
}  // namespace konomi
