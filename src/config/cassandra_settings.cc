#include "config/kinds.h"
#include "config/topics.h"

namespace konomi::config {

std::vector<Setting> cassandra_settings() {
  return {
      name_setting("cassandra_contact_points", &Config::cassandra_contact_points, "HOST:PORT,…",
                   "Cluster: Cassandra's nodes to begin with"),
      name_setting("cassandra_keyspace", &Config::cassandra_keyspace, "NAME",
                   "Cluster: the keyspace of orders and figures"),
      name_setting("cassandra_replication", &Config::cassandra_replication, "N|DC:N,…",
                   "Cluster: copies of each row in a new keyspace, for each data centre if named"),
      optional_setting("cassandra_local_datacenter", &Config::cassandra_local_datacenter, "NAME",
                       "Cluster: the data centre to ask first"),
      name_setting("cassandra_consistency", &Config::cassandra_consistency, "LEVEL",
                   "Cluster: how many copies must answer"),
      optional_setting("cassandra_user", &Config::cassandra_user, "NAME",
                       "Cluster: who signs in to Cassandra"),
      path_setting("cassandra_password_file", &Config::cassandra_password_file, "FILE",
                   "Cluster: holds that user's password", kEveryCommand),
      path_setting("cassandra_ca_file", &Config::cassandra_ca_file, "FILE",
                   "Cluster: certificates to trust (PEM); turns TLS on", kEveryCommand),
      path_setting("cassandra_cert_file", &Config::cassandra_cert_file, "FILE",
                   "Cluster: this client's certificate (PEM)", kEveryCommand),
      path_setting("cassandra_key_file", &Config::cassandra_key_file, "FILE",
                   "Cluster: the key of that certificate (PEM)", kEveryCommand),
      duration_setting("cassandra_request_timeout", &Config::cassandra_request_timeout,
                       "Cluster: how long one request may take", kEveryCommand),
  };
}

}  // namespace konomi::config
