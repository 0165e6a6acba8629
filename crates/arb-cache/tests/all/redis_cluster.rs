//! A throw-away Redis Cluster: three masters, and a replica of the first where asked.

use std::time::Instant;

use crate::redis_server::{PATIENCE, RedisServer, Reply, free_port};

/// Slots of the three masters.
const SLOTS: [(u32, u32); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];

pub(crate) struct RedisCluster {
    pub(crate) masters: Vec<RedisServer>,
    pub(crate) replica: Option<RedisServer>,
}

impl RedisCluster {
    pub(crate) fn start() -> Self {
        Self::build(false)
    }

    pub(crate) fn start_with_replica() -> Self {
        Self::build(true)
    }

    fn build(with_replica: bool) -> Self {
        let (masters, buses): (Vec<_>, Vec<_>) = (0..3).map(|_| start_node()).unzip();
        for (master, (from, to)) in masters.iter().zip(SLOTS) {
            let (from, to) = (from.to_string(), to.to_string());
            assert_eq!(
                master.command(&["CLUSTER", "ADDSLOTSRANGE", &from, &to]),
                Reply::Text("OK".into())
            );
        }
        for (other, bus) in masters.iter().zip(&buses).skip(1) {
            meet(&masters[0], other.port, *bus);
        }
        let mut cluster = Self { masters, replica: None };
        cluster.wait_until_ok(3);
        if with_replica {
            let (replica, bus) = start_node();
            meet(&cluster.masters[0], replica.port, bus);
            cluster.replica = Some(replica);
            cluster.wait_until_ok(4);
            let id = cluster.masters[0].command(&["CLUSTER", "MYID"]).text();
            let replica = cluster.replica.as_ref().unwrap();
            wait("replica knows its master", || {
                replica.command(&["CLUSTER", "REPLICATE", &id]) == Reply::Text("OK".into())
            });
            wait("replica is in step", || {
                replica.command(&["INFO", "replication"]).text().contains("master_link_status:up")
            });
            wait("master knows its replica", || {
                cluster.masters[0]
                    .command(&["INFO", "replication"])
                    .text()
                    .contains("connected_slaves:1")
            });
        }
        cluster
    }

    fn wait_until_ok(&self, nodes: usize) {
        for node in self.masters.iter().chain(&self.replica) {
            wait("cluster is whole", || {
                let info = node.command(&["CLUSTER", "INFO"]).text();
                info.contains("cluster_state:ok")
                    && info.contains(&format!("cluster_known_nodes:{nodes}"))
            });
        }
    }

    pub(crate) fn url(&self) -> String {
        let [first, second, third] = [0, 1, 2].map(|at| self.masters[at].port);
        format!("redis-cluster://127.0.0.1:{first}?node=127.0.0.1:{second}&node=127.0.0.1:{third}")
    }
}

fn start_node() -> (RedisServer, u16) {
    let bus = free_port();
    let server = RedisServer::start_with(&[
        "--cluster-enabled",
        "yes",
        "--cluster-port",
        &bus.to_string(),
        "--cluster-node-timeout",
        "1500",
        "--repl-diskless-sync-delay",
        "0",
    ]);
    (server, bus)
}

fn meet(node: &RedisServer, port: u16, bus: u16) {
    let (port, bus) = (port.to_string(), bus.to_string());
    assert_eq!(
        node.command(&["CLUSTER", "MEET", "127.0.0.1", &port, &bus]),
        Reply::Text("OK".into())
    );
}

pub(crate) fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: still not so after {PATIENCE:?}");
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}
