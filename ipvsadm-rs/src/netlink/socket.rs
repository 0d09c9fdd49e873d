// SPDX-License-Identifier: MIT OR GPL-2.0

//! Requests and replies over one netlink socket.

use std::fmt::Debug;
use std::io;

use netlink_packet_core::DecodeError;
use netlink_packet_core::Emitable;
use netlink_packet_core::NetlinkDeserializable;
use netlink_packet_core::NetlinkMessage;
use netlink_packet_core::NetlinkPayload;
use netlink_packet_core::ParseableParametrized;
use netlink_packet_core::NLM_F_ACK;
use netlink_packet_core::NLM_F_DUMP;
use netlink_packet_core::NLM_F_DUMP_INTR;
use netlink_packet_core::NLM_F_REQUEST;
use netlink_packet_generic::ctrl::nlas::GenlCtrlAttrs;
use netlink_packet_generic::ctrl::nlas::McastGrpAttrs;
use netlink_packet_generic::ctrl::GenlCtrl;
use netlink_packet_generic::ctrl::GenlCtrlCmd;
use netlink_packet_generic::GenlFamily;
use netlink_packet_generic::GenlHeader;
use netlink_packet_generic::GenlMessage;
use netlink_sys::protocols::NETLINK_GENERIC;
use netlink_sys::SocketAddr;
use nix::errno::Errno;

use lvs_uapi::genl::FAMILY_NAME;

use crate::error::Error;
use crate::error::Operation;

use super::message::Attr;
use super::message::Message;
use super::requests::Request;

/// Room for one batch of replies: the kernel fills at most 32 KiB at a time.
const BUFFER_SIZE: usize = 64 * 1024;
/// Messages start at multiples of this.
const ALIGNMENT: usize = 4;
/// Requests in flight. Their acknowledgements have to fit the socket's buffer, 208 KiB by default,
/// of which each takes about one.
const PIPELINE: usize = 64;

/// A socket that knows the family's number.
pub struct Socket {
    socket: netlink_sys::Socket,
    family_id: u16,
    sequence: u32,
    buffer: Vec<u8>,
    interrupted: bool,
}

impl Socket {
    /// Opens a socket and looks the family up. The kernel may load the module for it.
    pub fn open() -> Result<Self, Error> {
        let fail = |error: io::Error| Error::from_io(Operation::Init, &error);
        let mut socket = netlink_sys::Socket::new(NETLINK_GENERIC).map_err(fail)?;
        socket.bind_auto().map_err(fail)?;
        socket.connect(&SocketAddr::new(0, 0)).map_err(fail)?;
        // Refusals needn't repeat the request. An old kernel that can't do this repeats it.
        let _ = socket.set_cap_ack(true);
        let mut socket = Socket {
            socket,
            family_id: 0,
            sequence: 0,
            buffer: Vec::with_capacity(BUFFER_SIZE),
            interrupted: false,
        };
        socket.family_id = socket.resolve(FAMILY_NAME)?;
        Ok(socket)
    }

    /// Asks the controller for a family's number.
    pub fn resolve(&mut self, name: &str) -> Result<u16, Error> {
        family_id(&self.look_up(name)?)
    }

    /// Asks the controller about a family.
    fn look_up(&mut self, name: &str) -> Result<Vec<GenlCtrlAttrs>, Error> {
        let request = GenlMessage::from_payload(GenlCtrl {
            cmd: GenlCtrlCmd::GetFamily,
            nlas: vec![GenlCtrlAttrs::FamilyName(name.to_owned())],
        });
        self.send(Operation::Init, request, NLM_F_ACK)?;
        let replies: Vec<GenlCtrl> = self.receive(Operation::Init)?;
        Ok(replies.into_iter().flat_map(|reply| reply.nlas).collect())
    }

    /// Asks the controller for the numbers of a family and of one of its groups, which an old
    /// module may lack.
    pub fn resolve_group(&mut self, family: &str, group: &str) -> Result<(u16, u32), Error> {
        let attrs = self.look_up(family)?;
        let is_named = |nest: &&Vec<McastGrpAttrs>| {
            nest.iter()
                .any(|attr| matches!(attr, McastGrpAttrs::Name(name) if name == group))
        };
        let number = attrs.iter().find_map(|attr| match attr {
            GenlCtrlAttrs::McastGroups(groups) => {
                let found = groups.iter().find(is_named)?;
                found.iter().find_map(|attr| match attr {
                    McastGrpAttrs::Id(id) => Some(*id),
                    McastGrpAttrs::Name(_) => None,
                })
            }
            _ => None,
        });
        let number = number.ok_or(Error::Refused {
            operation: Operation::Listen,
            errno: Errno::EOPNOTSUPP,
        })?;
        Ok((family_id(&attrs)?, number))
    }

    /// Sends a request and waits for its acknowledgement.
    pub fn request(
        &mut self,
        operation: Operation,
        cmd: u8,
        attrs: Vec<Attr>,
    ) -> Result<Vec<Message>, Error> {
        let mut request = GenlMessage::from_payload(Message::request(cmd, attrs));
        request.set_resolved_family_id(self.family_id);
        self.send(operation, request, NLM_F_ACK)?;
        self.receive(operation)
    }

    /// Sends a request to a family, whose number is given, and waits for its acknowledgement. Gives
    /// `take` a reply that comes before.
    pub fn request_of<F>(
        &mut self,
        family_id: u16,
        operation: Operation,
        request: F,
        take: impl FnMut(F),
    ) -> Result<(), Error>
    where
        F: GenlFamily + Emitable + ParseableParametrized<[u8], GenlHeader> + Debug,
    {
        let mut request = GenlMessage::from_payload(request);
        request.set_resolved_family_id(family_id);
        self.send(operation, request, NLM_F_ACK)?;
        self.receive_each(operation, take)
    }

    /// Sends a request for a list and gives `take` each of the replies. Tells whether what is
    /// listed stayed the same all the time.
    pub fn dump(
        &mut self,
        operation: Operation,
        cmd: u8,
        attrs: Vec<Attr>,
        take: impl FnMut(&Message) -> Result<(), Error>,
    ) -> Result<bool, Error> {
        self.dump_of(
            self.family_id,
            operation,
            Message::request(cmd, attrs),
            take,
        )
    }

    /// Sends a request for a list to a family, whose number is given, and gives `take` each reply.
    /// Tells whether what is listed stayed the same all the time.
    pub fn dump_of<F>(
        &mut self,
        family_id: u16,
        operation: Operation,
        request: F,
        mut take: impl FnMut(&F) -> Result<(), Error>,
    ) -> Result<bool, Error>
    where
        F: GenlFamily + Emitable + ParseableParametrized<[u8], GenlHeader> + Debug,
    {
        let mut request = GenlMessage::from_payload(request);
        request.set_resolved_family_id(family_id);
        self.send(operation, request, NLM_F_DUMP)?;
        let mut taken = Ok(());
        self.receive_each(operation, |reply| {
            if taken.is_ok() {
                taken = take(&reply);
            }
        })?;
        taken.map(|()| !self.interrupted)
    }

    /// Sends requests without waiting for one before the next. One result for each.
    pub fn pipeline(&mut self, requests: Vec<Request>) -> Vec<Result<(), Error>> {
        let message = |request: Request| {
            let message = Message::request(request.cmd, request.attrs);
            (request.operation, message)
        };
        let requests = requests.into_iter().map(message).collect();
        self.pipeline_of(self.family_id, requests)
    }

    /// The same to a family, whose number is given.
    pub fn pipeline_of<F>(
        &mut self,
        family_id: u16,
        requests: Vec<(Operation, F)>,
    ) -> Vec<Result<(), Error>>
    where
        F: GenlFamily + Emitable + Debug,
    {
        let mut results = Vec::with_capacity(requests.len());
        let mut requests = requests.into_iter().peekable();
        while requests.peek().is_some() {
            let mut operations = Vec::with_capacity(PIPELINE);
            let mut bytes = Vec::new();
            let first = self.sequence.wrapping_add(1);
            for (operation, request) in requests.by_ref().take(PIPELINE) {
                let mut message = GenlMessage::from_payload(request);
                message.set_resolved_family_id(family_id);
                self.encode(message, NLM_F_ACK, &mut bytes);
                operations.push(operation);
            }
            results.append(&mut self.exchange_batch(&operations, first, &bytes));
        }
        results
    }

    /// Sends the bytes of some requests and collects an acknowledgement for each.
    fn exchange_batch(
        &mut self,
        operations: &[Operation],
        first: u32,
        bytes: &[u8],
    ) -> Vec<Result<(), Error>> {
        let fail = |errno| Operation::all_failed(operations, errno);
        if let Err(error) = self.socket.send(bytes, 0) {
            return fail(error.raw_os_error().map_or(Errno::EIO, Errno::from_raw));
        }
        let mut codes: Vec<Option<i32>> = vec![None; operations.len()];
        while codes.contains(&None) {
            if let Err(error) = self.fill(Operation::Init) {
                return fail(error.errno().unwrap_or(Errno::EIO));
            }
            if take_acks(&self.buffer, first, &mut codes).is_err() {
                return fail(Errno::EBADMSG);
            }
        }
        let result = |(&operation, code): (&Operation, Option<i32>)| match code {
            Some(0) | None => Ok(()),
            Some(code) => Err(Error::Refused {
                operation,
                errno: Errno::from_raw(code.saturating_neg()),
            }),
        };
        operations.iter().zip(codes).map(result).collect()
    }

    /// Appends a message with the next number.
    fn encode<F>(&mut self, message: GenlMessage<F>, flags: u16, bytes: &mut Vec<u8>)
    where
        F: GenlFamily + Emitable + Debug,
    {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = NetlinkMessage::from(message);
        message.header.flags = NLM_F_REQUEST | flags;
        message.header.sequence_number = self.sequence;
        message.finalize();
        let start = bytes.len().next_multiple_of(ALIGNMENT);
        bytes.resize(start + message.buffer_len(), 0);
        message.serialize(&mut bytes[start..]);
    }

    fn send<F>(
        &mut self,
        operation: Operation,
        message: GenlMessage<F>,
        flags: u16,
    ) -> Result<(), Error>
    where
        F: GenlFamily + Emitable + Debug,
    {
        let mut bytes = Vec::new();
        self.encode(message, flags, &mut bytes);
        self.socket
            .send(&bytes, 0)
            .map(drop)
            .map_err(|error| Error::from_io(operation, &error))
    }

    /// Collects replies up to the acknowledgement or the end of the list.
    fn receive<F>(&mut self, operation: Operation) -> Result<Vec<F>, Error>
    where
        F: ParseableParametrized<[u8], GenlHeader> + Debug,
    {
        let mut replies = Vec::new();
        self.receive_each(operation, |reply| replies.push(reply))?;
        Ok(replies)
    }

    /// Gives `take` each reply up to the acknowledgement or the end of the list.
    fn receive_each<F>(
        &mut self,
        operation: Operation,
        mut take: impl FnMut(F),
    ) -> Result<(), Error>
    where
        F: ParseableParametrized<[u8], GenlHeader> + Debug,
    {
        self.interrupted = false;
        loop {
            self.fill(operation)?;
            if self.collect(operation, &mut take)? {
                return Ok(());
            }
        }
    }

    /// Reads one datagram into the buffer.
    fn fill(&mut self, operation: Operation) -> Result<(), Error> {
        loop {
            self.buffer.clear();
            match self.socket.recv(&mut self.buffer, 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Error::from_io(operation, &error)),
            }
        }
    }

    /// Takes the messages of the buffer in. Tells whether the last one was there.
    fn collect<F>(&mut self, operation: Operation, take: &mut impl FnMut(F)) -> Result<bool, Error>
    where
        F: ParseableParametrized<[u8], GenlHeader> + Debug,
        GenlMessage<F>: NetlinkDeserializable,
    {
        let mut rest = self.buffer.as_slice();
        while !rest.is_empty() {
            let message = NetlinkMessage::<GenlMessage<F>>::deserialize(rest)?;
            let length = message.header.length as usize;
            if message.header.sequence_number == self.sequence {
                self.interrupted |= message.header.flags & NLM_F_DUMP_INTR != 0;
                let code = match message.payload {
                    NetlinkPayload::InnerMessage(reply) => {
                        take(reply.payload);
                        None
                    }
                    NetlinkPayload::Done(done) => Some(done.code),
                    NetlinkPayload::Error(error) => Some(error.raw_code()),
                    _ => None,
                };
                match code {
                    Some(0) => return Ok(true),
                    Some(code) => {
                        let errno = Errno::from_raw(code.saturating_neg());
                        return Err(Error::Refused { operation, errno });
                    }
                    None => {}
                }
            }
            rest = advance(rest, length)?;
        }
        Ok(false)
    }
}

/// The number of a family that the controller was asked about.
fn family_id(attrs: &[GenlCtrlAttrs]) -> Result<u16, Error> {
    attrs
        .iter()
        .find_map(|attr| match attr {
            GenlCtrlAttrs::FamilyId(id) => Some(*id),
            _ => None,
        })
        .ok_or(Error::Refused {
            operation: Operation::Init,
            errno: Errno::ENOENT,
        })
}

/// Takes the acknowledgements of a datagram in, by number.
fn take_acks(buffer: &[u8], first: u32, codes: &mut [Option<i32>]) -> Result<(), DecodeError> {
    let mut rest = buffer;
    while !rest.is_empty() {
        let message = NetlinkMessage::<GenlMessage<Message>>::deserialize(rest)?;
        let index = message.header.sequence_number.wrapping_sub(first);
        let slot = usize::try_from(index)
            .ok()
            .and_then(|index| codes.get_mut(index));
        if let (Some(slot), NetlinkPayload::Error(error)) = (slot, &message.payload) {
            *slot = Some(error.raw_code());
        }
        rest = advance(rest, message.header.length as usize)?;
    }
    Ok(())
}

/// What follows a message of the given length: the next one is aligned.
pub(super) fn advance(buffer: &[u8], length: usize) -> Result<&[u8], DecodeError> {
    if length == 0 {
        return Err(DecodeError::from("message of no length"));
    }
    Ok(buffer
        .get(length.next_multiple_of(ALIGNMENT)..)
        .unwrap_or_default())
}
