//! The network as tools see it outside of tests: a proxy that leads a name, at HTTPS' own port, to
//! a loopback port. So the tests' URLs are those of the pages, without ports, which some tools do
//! not take. Other names and ports are led nowhere and remembered.

use std::io::{self, BufRead, BufReader, Write, copy};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::spawn;

/// A tunnel, see the [module](self). It ends with the test's process.
pub struct Tunnel {
    port: u16,
    refused: Arc<Mutex<Vec<String>>>,
}

impl Tunnel {
    /// Leads each of these names to its port.
    pub fn new(routes: Vec<(String, u16)>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let refused = Arc::new(Mutex::new(Vec::new()));
        let (routes, list) = (Arc::new(routes), Arc::clone(&refused));
        spawn(move || {
            for client in listener.incoming().filter_map(Result::ok) {
                let (routes, list) = (Arc::clone(&routes), Arc::clone(&list));
                // A client that hangs up in the middle is no failure of the test.
                spawn(move || drop(serve(client, &routes, &list)));
            }
        });
        Self { port, refused }
    }

    /// Returns the value for the variable `https_proxy`.
    pub fn address(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns the targets that were asked for and led nowhere.
    pub fn refused(&self) -> Vec<String> {
        self.refused.lock().unwrap().clone()
    }
}

fn serve(
    client: TcpStream,
    routes: &[(String, u16)],
    refused: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut reader = BufReader::new(client.try_clone()?);
    let mut first = String::new();
    reader.read_line(&mut first)?;
    let target = first.split(' ').nth(1).unwrap_or_default();
    let mut line = first.clone();
    while !line.trim().is_empty() {
        line.clear();
        reader.read_line(&mut line)?;
    }
    let mut writer = client;
    let Some(port) = lead(target, routes) else {
        refused.lock().unwrap().push(first.trim().to_owned());
        return writer.write_all(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    };
    let mut server = TcpStream::connect(("127.0.0.1", port))?;
    writer.write_all(b"HTTP/1.1 200 OK\r\n\r\n")?;
    let mut answers = server.try_clone()?;
    spawn(move || {
        let _ = copy(&mut answers, &mut writer);
        writer.shutdown(Shutdown::Write)
    });
    copy(&mut reader, &mut server)?;
    server.shutdown(Shutdown::Write)
}

/// Returns the port to which a name leads, by itself or with one of the known ports.
fn lead(target: &str, routes: &[(String, u16)]) -> Option<u16> {
    let (name, port) = target.split_once(':')?;
    let (_, own) = routes.iter().find(|(known, _)| known == name)?;
    let port: u16 = port.parse().ok()?;
    if port == 443 { Some(*own) } else { routes.iter().map(|(_, p)| *p).find(|p| *p == port) }
}
