// SPDX-License-Identifier: MIT OR GPL-2.0

//! Carries listings out: text as ipvsadm has it, or JSON.

use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::BufWriter;
use std::io::Write;

use crate::cli::command::List;
use crate::client::Client;
use crate::client::Order;
use crate::document::schema;
use crate::document::to_json;
use crate::document::Document;
use crate::error::Error;
use crate::exit::LIST_FAILED;
use crate::model::TableEntry;
use crate::render;
use crate::render::conn;
use crate::render::daemon;
use crate::render::Format;
use crate::render::Names;
use crate::stdio::complain;
use crate::stdio::finished;
use crate::stdio::print;

/// The kernel's table of connections.
const CONNECTIONS: &str = "/proc/net/ip_vs_conn";

/// Prints a listing. Gives the exit status.
pub(crate) fn list(client: &mut Client, what: List, format: &Format, names: &dyn Names) -> u8 {
    if what == List::Connections {
        return connections(format, names);
    }
    print_or_explain(if format.json {
        document(client, what, format).map(|document| to_json(&document))
    } else {
        text(client, what, format, names)
    })
}

/// Prints the table as command lines. Gives the exit status.
pub(crate) fn save(client: &mut Client, format: &Format, names: &dyn Names) -> u8 {
    let entries = client.table(order(format));
    print_or_explain(entries.map(|entries| render::save::table(&entries, names)))
}

fn text(
    client: &mut Client,
    what: List,
    format: &Format,
    names: &dyn Names,
) -> Result<String, Error> {
    Ok(match what {
        List::All | List::Connections => {
            let entries = client.table(order(format))?;
            let banner = render::list::banner(client.info());
            banner + &render::list::table(&entries, format, names)
        }
        List::Service(id) => {
            let entry = client.entry(&id, order(format))?;
            render::list::table(&[entry], format, names)
        }
        List::Timeouts => daemon::timeouts(&client.control().timeouts()?),
        List::Daemons => daemon::daemons(&client.control().daemons()?),
    })
}

fn document(client: &mut Client, what: List, format: &Format) -> Result<Document, Error> {
    let table = |client: &Client, entries: &[TableEntry]| Document {
        ipvs: Some(client.info().into()),
        services: Some(entries.iter().map(schema::Service::from).collect()),
        ..Document::default()
    };
    Ok(match what {
        List::All | List::Connections => {
            let entries = client.table(order(format))?;
            table(client, &entries)
        }
        List::Service(id) => {
            let entry = client.entry(&id, order(format))?;
            table(client, &[entry])
        }
        List::Timeouts => Document {
            timeouts: Some(client.control().timeouts()?.into()),
            ..Document::default()
        },
        List::Daemons => {
            let daemons = client.control().daemons()?;
            Document {
                daemons: Some(daemons.iter().map(schema::Daemon::from).collect()),
                ..Document::default()
            }
        }
    })
}

fn order(format: &Format) -> Order {
    if format.nosort {
        Order::Kernel
    } else {
        Order::Sorted
    }
}

fn connections(format: &Format, names: &dyn Names) -> u8 {
    let Ok(file) = File::open(CONNECTIONS) else {
        complain!("cannot open file {CONNECTIONS}");
        return LIST_FAILED;
    };
    let mut table = BufReader::new(file);
    let mut line = String::new();
    match table.read_line(&mut line) {
        Ok(0) => {
            complain!("unexpected input from {CONNECTIONS}");
            LIST_FAILED
        }
        Ok(_) if format.json => finished(copy_json(table)),
        Ok(_) => finished(copy_text(table, format, names)),
        Err(error) => finished(Err(error)),
    }
}

/// Calls back with every row of the kernel's table, one by one: there may be millions.
fn for_each_row(
    mut table: impl BufRead,
    mut take: impl FnMut(&conn::Conn<'_>) -> io::Result<()>,
) -> io::Result<()> {
    let mut line = String::new();
    loop {
        line.clear();
        if table.read_line(&mut line)? == 0 {
            return Ok(());
        }
        if let Some(conn) = conn::Conn::parse(&line) {
            take(&conn)?;
        }
    }
}

fn copy_text(table: impl BufRead, format: &Format, names: &dyn Names) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    out.write_all(conn::title(format).as_bytes())?;
    let mut text = String::new();
    for_each_row(table, |conn| {
        text.clear();
        conn::row(&mut text, conn, format, names);
        out.write_all(text.as_bytes())
    })?;
    out.flush()
}

/// A connection a line.
fn copy_json(table: impl BufRead) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    let version = schema::VERSION;
    write!(out, "{{\n  \"schema\": {version},\n  \"connections\": [")?;
    let mut separator = "\n    ";
    for_each_row(table, |conn| {
        out.write_all(separator.as_bytes())?;
        separator = ",\n    ";
        serde_json::to_writer(&mut out, &schema::Connection::from(conn)).map_err(io::Error::from)
    })?;
    out.write_all(b"\n  ]\n}\n")?;
    out.flush()
}

fn print_or_explain(text: Result<String, Error>) -> u8 {
    match text {
        Ok(text) => print(&text),
        Err(error) => {
            complain!("{error}");
            LIST_FAILED
        }
    }
}
