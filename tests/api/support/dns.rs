//! A name server for the tests, which answers what a test has set and nothing else.

use hickory_resolver::proto::op::{Message, MessageType, ResponseCode};
use hickory_resolver::proto::rr::rdata::TXT;
use hickory_resolver::proto::rr::{RData, Record};
use lyceum::config::DnsConfig;
use lyceum::dns::NameServers;
use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, OnceLock};

type Texts = Mutex<HashMap<String, Vec<String>>>;

struct NameServer {
    address: SocketAddr,
    texts: Arc<Texts>,
}

/// The one that all tests share; it lives as long as they do.
fn shared() -> &'static NameServer {
    static SHARED: OnceLock<NameServer> = OnceLock::new();
    SHARED.get_or_init(|| {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let server = NameServer {
            address: socket.local_addr().unwrap(),
            texts: Arc::default(),
        };
        let texts = server.texts.clone();
        std::thread::spawn(move || answer(&socket, &texts));
        server
    })
}

fn answer(socket: &UdpSocket, texts: &Texts) {
    let mut bytes = [0; 1500];
    while let Ok((length, client)) = socket.recv_from(&mut bytes) {
        let Ok(asked) = Message::from_vec(&bytes[..length]) else {
            continue;
        };
        let query = asked.queries[0].clone();
        let name = query.name().to_ascii().trim_end_matches('.').to_owned();
        let found = texts.lock().unwrap().get(&name).cloned();
        let mut said = Message::response(asked.id, asked.op_code);
        said.metadata.message_type = MessageType::Response;
        said.metadata.recursion_desired = true;
        said.metadata.recursion_available = true;
        if found.is_none() {
            said.metadata.response_code = ResponseCode::NXDomain;
        }
        said.add_query(query.clone());
        for text in found.unwrap_or_default() {
            let data = RData::TXT(TXT::new(vec![text]));
            said.add_answer(Record::from_rdata(query.name().clone(), 60, data));
        }
        socket.send_to(&said.to_vec().unwrap(), client).unwrap();
    }
}

/// Lets a name have these texts from now on.
pub fn set(name: &str, texts: &[String]) {
    shared()
        .texts
        .lock()
        .unwrap()
        .insert(name.to_owned(), texts.to_vec());
}

/// How nodes reach it.
pub fn servers() -> NameServers {
    NameServers::new(&DnsConfig {
        dns_servers: vec![shared().address],
    })
    .unwrap()
}
