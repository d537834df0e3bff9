import Glibc

/// The socket on which the first rank of a host waits for those of others, until all have come.
final class HostListener {
  private var file: Int32
  /// The port that the system has chosen.
  let port: UInt16
  /// Connections whose other sides have not said who they are.
  private(set) var strangers: [HostLink] = []

  /// Nanoseconds that a stranger has to say who it is, and how many may be about to.
  private static let (patience, most): (UInt64, Int) = (5_000_000_000, 256)

  /// Nil where the system has no socket to give.
  init?() {
    let file = socket(AF_INET, HostLink.kind, 0)
    guard file >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let isBound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(file, $0, size) == 0 && listen(file, 1024) == 0 && getsockname(file, $0, &size) == 0
      }
    }
    guard isBound else {
      close(file)
      return nil
    }
    self.file = file
    port = UInt16(bigEndian: address.sin_port)
  }

  deinit { end() }

  /// Lets nobody in any more.
  func end() {
    if file >= 0 { close(file) }
    file = -1
    strangers = []
  }

  /// What `poll` is to wait for.
  var descriptor: pollfd { pollfd(fd: file, events: Int16(POLLIN), revents: 0) }

  /// Takes those who knock.
  func accept(at now: UInt64) {
    while file >= 0 {
      let other = Glibc.accept(file, nil, nil)
      guard other >= 0 else { return }
      _ = fcntl(other, F_SETFD, FD_CLOEXEC)
      _ = fcntl(other, F_SETFL, O_NONBLOCK)
      if strangers.count < Self.most {
        strangers.append(HostLink(accepted: other, at: now))
      } else {
        close(other)
      }
    }
  }

  /// Those who have said who they are, with what they said; who is late, or has gone, is forgotten.
  func takeGreetings(at now: UInt64) -> [(HostLink, HostLink.Greeting)] {
    var known: [(HostLink, HostLink.Greeting)] = []
    strangers.removeAll { link in
      if let greeting = link.takeGreeting() {
        known.append((link, greeting))
        return true
      }
      return link.stage == .closed || now - link.began > Self.patience
    }
    return known
  }
}
