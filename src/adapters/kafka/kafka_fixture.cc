#include "adapters/kafka/kafka_fixture.h"

#include "adapters/kafka/message.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

namespace konomi::kafka {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;

constexpr seconds kPatience{30};
constexpr int kTimeout = 10'000;

void expect_ok(rd_kafka_resp_err_t code) {
  if (code != RD_KAFKA_RESP_ERR_NO_ERROR) fail_test({.message = rd_kafka_err2str(code)});
}

void expect_ok(const ErrorHandle& error) {
  if (error) fail_test({.message = rd_kafka_error_string(error.get())});
}

ClientHandle new_client(rd_kafka_type_t type, std::map<std::string, std::string> settings) {
  ConfHandle conf(rd_kafka_conf_new());
  settings["log_level"] = "0";
  std::array<char, 512> message{};
  for (const auto& [name, value] : settings) {
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), message.data(),
                          message.size()) != RD_KAFKA_CONF_OK)
      fail_test({.message = message.data()});
  }
  ClientHandle client(rd_kafka_new(type, conf.get(), message.data(), message.size()));
  if (!client) fail_test({.message = message.data()});
  (void)conf.release();
  return client;
}

// A setting of whoever runs the test, which must be there.
std::string from_environment(const char* name, std::string_view what_to_do) {
  // tidy: environment: the test program's settings come from whoever runs it.
  const char* const value = std::getenv(name);
  if (value == nullptr) fail_test({.message = fmt::format("set {} to {}", name, what_to_do)});
  return value;
}

std::string random_text() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

EventHandle answer(const QueueHandle& queue) {
  EventHandle event(rd_kafka_queue_poll(queue.get(), kTimeout));
  if (!event) fail_test({.message = "the brokers do not answer"});
  expect_ok(rd_kafka_event_error(event.get()));
  return event;
}

std::uint16_t free_port() {
  const int socket_number = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const general = reinterpret_cast<sockaddr*>(&address);
  const bool found =
      bind(socket_number, general, size) == 0 && getsockname(socket_number, general, &size) == 0;
  close(socket_number);
  if (!found) fail_test({.message = "no free port"});
  return ntohs(address.sin_port);
}

// What a program wrote, for the message of a test that fails: its directory goes with the test.
std::string text_of(const std::filesystem::path& log) {
  std::ifstream stream(log);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Starts a program with its output in `log`.
pid_t start_program(const std::vector<std::string>& words, const std::filesystem::path& log) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  const pid_t process = fork();
  if (process == 0) {
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execvp(arguments[0], arguments.data());
    _exit(127);
  }
  close(output);
  return process;
}

constexpr std::string_view kBrokerSettings =
    "process.roles=broker,controller\n"
    "node.id=1\n"
    "controller.quorum.voters=1@127.0.0.1:{1}\n"
    "listeners=PLAINTEXT://127.0.0.1:{0},CONTROLLER://127.0.0.1:{1}\n"
    "advertised.listeners=PLAINTEXT://127.0.0.1:{0}\n"
    "controller.listener.names=CONTROLLER\n"
    "inter.broker.listener.name=PLAINTEXT\n"
    "log.dirs={2}/data\n"
    "auto.create.topics.enable=false\n"
    "offsets.topic.replication.factor=1\n"
    "offsets.topic.num.partitions=1\n"
    "transaction.state.log.replication.factor=1\n"
    "transaction.state.log.min.isr=1\n"
    "group.initial.rebalance.delay.ms=0\n";

}  // namespace

LogPosition position(std::uint32_t partition, std::uint64_t offset) {
  return {.partition = LogPartition(partition), .offset = LogOffset(offset)};
}

RawMessage line(std::string_view value, std::int32_t partition) {
  return {.partition = partition, .key = "k", .value = std::string(value)};
}

std::vector<Order> numbered(int first, int count, std::string_view user_id) {
  std::vector<Order> orders;
  for (int i = first; i < first + count; ++i) orders.push_back(order(user_id, std::to_string(i)));
  return orders;
}

std::vector<LogRecord> read(OrderLogReader& reader, std::size_t count) {
  std::vector<LogRecord> records;
  const auto until = steady_clock::now() + kPatience;
  while (records.size() < count && steady_clock::now() < until)
    std::ranges::move(value_of(reader.poll(count - records.size(), milliseconds(500), {})),
                      std::back_inserter(records));
  EXPECT_EQ(records.size(), count) << "did not come in time";
  return records;
}

std::vector<LogRecord> read_all(OrderLogReader& reader, std::size_t partitions) {
  std::vector<LogRecord> records;
  const auto until = steady_clock::now() + kPatience;
  while (steady_clock::now() < until) {
    std::ranges::move(value_of(reader.poll(1000, milliseconds(100), {})),
                      std::back_inserter(records));
    if (value_of(reader.read_to_end()).size() == partitions) return records;
  }
  ADD_FAILURE() << "was not read to its end in time";
  return records;
}

Error read_error(OrderLogReader& reader) {
  const auto until = steady_clock::now() + kPatience;
  while (steady_clock::now() < until) {
    auto polled = reader.poll(1000, milliseconds(100), {});
    if (!polled) return polled.error();
  }
  ADD_FAILURE() << "no error in time";
  return {};
}

Administrator::Administrator(const std::string& brokers)
    : brokers_(brokers),
      producer_(
          new_client(RD_KAFKA_PRODUCER, {{"bootstrap.servers", brokers}, {"linger.ms", "0"}})) {}

std::string Administrator::new_topic(std::uint32_t partitions,
                                     const std::map<std::string, std::string>& settings) {
  const std::string topic = "konomi-test-" + random_text();
  create_topic(topic, partitions, settings);
  create_topic(topic + ".dlq", partitions, {});
  create_topic(topic + ".dlq.history", partitions, {});
  return topic;
}

void Administrator::create_topic(const std::string& topic, std::uint32_t partitions,
                                 const std::map<std::string, std::string>& settings) {
  const NewTopicHandle asked(
      rd_kafka_NewTopic_new(topic.c_str(), static_cast<int>(partitions), 1, nullptr, 0));
  for (const auto& [name, value] : settings)
    expect_ok(rd_kafka_NewTopic_set_config(asked.get(), name.c_str(), value.c_str()));
  const QueueHandle queue(rd_kafka_queue_new(producer_.get()));
  rd_kafka_NewTopic_t* topics = asked.get();
  rd_kafka_CreateTopics(producer_.get(), &topics, 1, nullptr, queue.get());
  const EventHandle event = answer(queue);
  std::size_t count = 0;
  const auto* const* results =
      rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(event.get()), &count);
  expect_ok(rd_kafka_topic_result_error(results[0]));
  // The one that was asked knows it; the others learn of it a moment later.
  const auto until = steady_clock::now() + kPatience;
  const TopicHandle found(rd_kafka_topic_new(producer_.get(), topic.c_str(), nullptr));
  while (steady_clock::now() < until) {
    const struct rd_kafka_metadata* read = nullptr;
    expect_ok(rd_kafka_metadata(producer_.get(), 0, found.get(), &read, kTimeout));
    const MetadataHandle metadata(read);
    if (metadata->topics[0].err == RD_KAFKA_RESP_ERR_NO_ERROR &&
        metadata->topics[0].partition_cnt == static_cast<int>(partitions))
      return;
  }
  fail_test({.message = "the topic did not appear"});
}

void Administrator::delete_topic(const std::string& topic) {
  rd_kafka_DeleteTopic_t* asked = rd_kafka_DeleteTopic_new(topic.c_str());
  const QueueHandle queue(rd_kafka_queue_new(producer_.get()));
  rd_kafka_DeleteTopics(producer_.get(), &asked, 1, nullptr, queue.get());
  rd_kafka_DeleteTopic_destroy(asked);
  answer(queue);
}

void Administrator::delete_records(const std::string& topic, std::int32_t partition,
                                   std::int64_t offset) {
  const PartitionsHandle before(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(before.get(), topic.c_str(), partition)->offset = offset;
  rd_kafka_DeleteRecords_t* asked = rd_kafka_DeleteRecords_new(before.get());
  const QueueHandle queue(rd_kafka_queue_new(producer_.get()));
  rd_kafka_DeleteRecords(producer_.get(), &asked, 1, nullptr, queue.get());
  rd_kafka_DeleteRecords_destroy(asked);
  answer(queue);
}

void Administrator::produce_by(rd_kafka_t* producer, const std::string& topic,
                               const std::vector<RawMessage>& messages) {
  const TopicHandle handle(rd_kafka_topic_new(producer, topic.c_str(), nullptr));
  for (const RawMessage& message : messages) {
    const HeadersHandle headers(rd_kafka_headers_new(message.headers.size()));
    for (const auto& [name, value] : message.headers) add_header(headers, name, value);
    const auto bytes = [](const std::optional<std::string>& text) {
      return text ? const_cast<char*>(text->data()) : nullptr;
    };
    const std::int64_t timestamp =
        message.timestamp ? message.timestamp->time_since_epoch().count() : 0;
    expect_ok(rd_kafka_producev(
        producer, RD_KAFKA_VTYPE_RKT, handle.get(), RD_KAFKA_VTYPE_PARTITION, message.partition,
        RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_MSG_F_COPY, RD_KAFKA_VTYPE_KEY, bytes(message.key),
        message.key.value_or("").size(), RD_KAFKA_VTYPE_VALUE, bytes(message.value),
        message.value.value_or("").size(), RD_KAFKA_VTYPE_TIMESTAMP, timestamp,
        RD_KAFKA_VTYPE_HEADERS, rd_kafka_headers_copy(headers.get()), RD_KAFKA_VTYPE_END));
  }
  expect_ok(rd_kafka_flush(producer, kTimeout));
}

void Administrator::produce(const std::string& topic, const std::vector<RawMessage>& messages) {
  produce_by(producer_.get(), topic, messages);
}

void Administrator::produce_in_transaction(const std::string& topic,
                                           const std::vector<RawMessage>& messages) {
  const ClientHandle producer = new_client(
      RD_KAFKA_PRODUCER,
      {{"bootstrap.servers", brokers_}, {"transactional.id", "konomi-test-" + random_text()}});
  expect_ok(ErrorHandle(rd_kafka_init_transactions(producer.get(), 3 * kTimeout)));
  expect_ok(ErrorHandle(rd_kafka_begin_transaction(producer.get())));
  produce_by(producer.get(), topic, messages);
  expect_ok(ErrorHandle(rd_kafka_commit_transaction(producer.get(), kTimeout)));
}

std::vector<RawMessage> Administrator::consume(const std::string& topic, std::int32_t partition,
                                               std::size_t count) {
  const ClientHandle consumer =
      new_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers_}, {"group.id", "unused"}});
  const PartitionsHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition)->offset = 0;
  expect_ok(rd_kafka_assign(consumer.get(), list.get()));
  std::vector<RawMessage> messages;
  while (messages.size() < count) {
    const MessageHandle message(rd_kafka_consumer_poll(consumer.get(), kTimeout));
    if (!message) fail_test({.message = "no message came in time"});
    expect_ok(message->err);
    RawMessage raw{.partition = message->partition, .headers = headers_of(*message)};
    if (message->key != nullptr) raw.key = bytes_in(message->key, message->key_len);
    if (message->payload != nullptr) raw.value = bytes_in(message->payload, message->len);
    raw.timestamp = Timestamp(milliseconds(rd_kafka_message_timestamp(message.get(), nullptr)));
    messages.push_back(std::move(raw));
  }
  return messages;
}

std::optional<std::int64_t> Administrator::committed(const std::string& group,
                                                     const std::string& topic,
                                                     std::int32_t partition) {
  const ClientHandle consumer =
      new_client(RD_KAFKA_CONSUMER, {{"bootstrap.servers", brokers_}, {"group.id", group}});
  const PartitionsHandle list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), partition);
  expect_ok(rd_kafka_committed(consumer.get(), list.get(), kTimeout));
  const std::int64_t offset = list->elems[0].offset;
  return offset < 0 ? std::nullopt : std::optional(offset);
}

bool Administrator::answers(std::chrono::milliseconds wait) {
  const struct rd_kafka_metadata* read = nullptr;
  const auto code =
      rd_kafka_metadata(producer_.get(), 0, nullptr, &read, static_cast<int>(wait.count()));
  const MetadataHandle metadata(read);
  return code == RD_KAFKA_RESP_ERR_NO_ERROR && metadata->broker_cnt > 0;
}

OwnBroker::OwnBroker()
    : jars_(from_environment("KONOMI_TEST_KAFKA_JARS",
                             "the directory with Kafka's jars: this test starts and kills a broker "
                             "of its own")) {
  const std::filesystem::path& directory = directory_.path();
  const std::uint16_t port = free_port();
  address_ = fmt::format("127.0.0.1:{}", port);
  std::ofstream(directory / "server.properties")
      << fmt::format(kBrokerSettings, port, free_port(), directory.string());
  const pid_t formatting =
      start_program({"java", "-cp", jars_ + "/*", "kafka.tools.StorageTool", "format", "-t",
                     "AAAAAAAAQACAAAAAAAAAAQ", "-c", (directory / "server.properties").string()},
                    directory / "format.log");
  int status = 0;
  waitpid(formatting, &status, 0);
  if (status != 0)
    fail_test(
        {.message = "cannot make the broker's storage:\n" + text_of(directory / "format.log")});
  start();
}

OwnBroker::~OwnBroker() {
  kill();
}

void OwnBroker::start() {
  process_ = start_program({"java", "-Xmx384m", "-XX:TieredStopAtLevel=1", "-cp", jars_ + "/*",
                            "kafka.Kafka", (directory_.path() / "server.properties").string()},
                           directory_.path() / "broker.log");
  const auto until = steady_clock::now() + 2 * kPatience;
  while (steady_clock::now() < until) {
    if (Administrator(address_).answers(milliseconds(1000))) return;
  }
  fail_test(
      {.message = "the broker does not answer:\n" + text_of(directory_.path() / "broker.log")});
}

void OwnBroker::freeze() {
  ::kill(process_, SIGSTOP);
}

void OwnBroker::thaw() {
  ::kill(process_, SIGCONT);
}

void OwnBroker::kill() {
  if (process_ <= 0) return;
  ::kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
  process_ = -1;
}

void KafkaTest::SetUp() {
  administrator_ = std::make_unique<Administrator>(brokers());
}

std::string KafkaTest::brokers() {
  return from_environment("KONOMI_TEST_KAFKA_BROKERS",
                          "the brokers of a real Kafka: scripts/dev-stack.sh up starts one");
}

KafkaOptions KafkaTest::new_options(std::uint32_t partitions) {
  KafkaOptions options;
  options.brokers = brokers();
  options.topic = administrator_->new_topic(partitions);
  options.group = options.topic;
  return options;
}

KafkaEngine& KafkaTest::open(KafkaOptions options) {
  engines_.push_back(value_of(KafkaEngine::open(std::move(options), clock_)));
  return *engines_.back();
}

}  // namespace konomi::kafka
