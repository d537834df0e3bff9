import Glibc

/// One connection between the first ranks of two hosts: pieces of bytes, each sent whole or not at
/// all. It never waits.
///
/// Who connects says who it is and shows the token of the other, who answers with the connecting
/// one's: so each knows that it talks to a rank of its own job.
final class HostLink {
  /// How far it has come.
  enum Stage { case connecting, greeting, open, closed }

  private(set) var stage: Stage
  private(set) var file: Int32
  /// When it was begun, by `monotonicNanoseconds`.
  let began: UInt64
  private var incoming: [UInt8] = []
  private var outgoing: [UInt8] = []
  private var sent = 0

  /// What a connection begins with.
  struct Greeting: BitwiseCopyable {
    private var magic: UInt64 = 0x4c6f_636b_7374_6570
    var token: UInt64
    /// The number of the host that sends it.
    var host: UInt64

    init(token: UInt64, host: Int) {
      self.token = token
      self.host = UInt64(host)
    }

    var isOfLockstep: Bool { magic == 0x4c6f_636b_7374_6570 }
  }

  /// Begins to connect to `address`; nil where that is refused at once.
  init?(to address: sockaddr_in, at now: UInt64) {
    file = socket(AF_INET, Self.kind, 0)
    began = now
    stage = .connecting
    guard file >= 0 else { return nil }
    let status = withUnsafePointer(to: address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    if status != 0 && errno != EINPROGRESS {
      close()
      return nil
    }
  }

  /// The connection that another host has made to this one.
  init(accepted file: Int32, at now: UInt64) {
    self.file = file
    began = now
    stage = .greeting
    Self.sendAtOnce(file)
  }

  deinit { close() }

  /// What a socket is that never waits and that no child inherits.
  static let kind =
    Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue) | Int32(SOCK_CLOEXEC.rawValue)

  private static func sendAtOnce(_ file: Int32) {
    var one: Int32 = 1
    setsockopt(
      file, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
  }

  /// What `poll` is to wait for.
  var events: Int16 {
    Int16(stage == .connecting ? POLLOUT : sent < outgoing.count ? POLLIN | POLLOUT : POLLIN)
  }

  /// Closes it; what has not been sent is lost.
  func close() {
    if file >= 0 { Glibc.close(file) }
    (file, stage) = (-1, .closed)
  }

  /// Sends `greeting` first of all, on a connection that has been made.
  func greet(_ greeting: Greeting) {
    withUnsafeBytes(of: greeting) { outgoing.append(contentsOf: $0) }
    flush()
  }

  /// Notes that both sides know each other.
  func open() { stage = .open }

  /// Sends `bytes`, or nothing where the piece before is still on its way.
  func send(_ bytes: [UInt8]) {
    guard stage == .open, sent == outgoing.count else { return }
    outgoing.removeAll(keepingCapacity: true)
    sent = 0
    withUnsafeBytes(of: UInt32(bytes.count)) { outgoing.append(contentsOf: $0) }
    outgoing += bytes
    flush()
  }

  /// Goes on with what is on its way; true: the connection has just been made.
  func proceed(_ events: Int16) -> Bool {
    let isMade = stage == .connecting && events & Int16(POLLOUT | POLLERR | POLLHUP) != 0
    if isMade {
      var error: Int32 = 0
      var size = socklen_t(MemoryLayout<Int32>.size)
      if getsockopt(file, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0 {
        close()
        return false
      }
      Self.sendAtOnce(file)
      stage = .greeting
    }
    if events & Int16(POLLOUT) != 0 { flush() }
    if events & Int16(POLLIN | POLLERR | POLLHUP) != 0 { receive() }
    return isMade && stage == .greeting
  }

  private func flush() {
    while sent < outgoing.count {
      let count = outgoing.withUnsafeBytes { bytes in
        Glibc.send(
          file, bytes.baseAddress.map { $0 + sent }, bytes.count - sent,
          Int32(MSG_NOSIGNAL))
      }
      if count < 0 {
        if errno == EINTR { continue }
        if errno != EAGAIN && errno != EWOULDBLOCK { close() }
        return
      }
      sent += count
    }
  }

  /// Reads what has come; of a stranger nothing but a greeting. Where the other side has ended, what
  /// it has sent can still be taken.
  private func receive() {
    withUnsafeTemporaryAllocation(byteCount: 1 << 16, alignment: 16) { buffer in
      while file >= 0 {
        let room =
          stage == .open ? buffer.count : MemoryLayout<Greeting>.size - incoming.count
        guard room > 0 else { return }
        let count = recv(file, buffer.baseAddress, room, 0)
        if count > 0 {
          incoming.append(contentsOf: UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        } else if count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
          close()
        } else if errno != EINTR {
          return
        }
      }
    }
  }

  /// What the other side begins with; nil: it has not come.
  func takeGreeting() -> Greeting? {
    let size = MemoryLayout<Greeting>.size
    guard incoming.count >= size else { return nil }
    let greeting = incoming.withUnsafeBytes { $0.loadUnaligned(as: Greeting.self) }
    incoming.removeFirst(size)
    return greeting
  }

  /// The next piece that has come, of at most `limit` bytes; nil: none has.
  func take(limit: Int) -> [UInt8]? {
    guard incoming.count >= 4 else { return nil }
    let count = Int(incoming.withUnsafeBytes { $0.loadUnaligned(as: UInt32.self) })
    guard count <= limit else {
      incoming.removeAll()
      close()
      return nil
    }
    guard incoming.count >= 4 + count else { return nil }
    let piece = Array(incoming[4..<4 + count])
    incoming.removeFirst(4 + count)
    return piece
  }
}
