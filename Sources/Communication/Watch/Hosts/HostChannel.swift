import Diagnostics
import Glibc
import Support

/// The way from this host to others by which watchdogs tell each other what their ranks do: a
/// connection between the first ranks of two hosts wherever one of them is an *observer*, of which
/// there are two. So one always sees the whole job, and there are few connections.
///
/// It is a way of its own because MPI is what may be stuck. Belongs to the watchdog's thread.
final class HostChannel {
  /// The number of this host, in the order of the hosts' first ranks.
  let host: Int
  /// All hosts.
  let places: [HostPlace]
  private let listener: HostListener?
  private var dials: [Dial]
  private var links: [Int: HostLink] = [:]
  /// The hosts whose links have brought something: who gave an attempt up comes again.
  private var heard: Set<Int> = []

  /// How many hosts see all others.
  static let observers = 2

  /// One host that this one connects to.
  private struct Dial {
    let host: Int
    let candidates: [sockaddr_in]
    var next = 0
    var link: HostLink?
    /// When to give the attempt up, or to make the next.
    var deadline: UInt64 = 0
  }

  /// - Parameter listener: where hosts after this one connect to it, if it is an observer.
  init(host: Int, places: [HostPlace], _ listener: HostListener?) {
    self.host = host
    self.places = places
    self.listener = listener
    dials = (0..<min(host, Self.observers)).map {
      Dial(host: $0, candidates: places[$0].candidates)
    }
  }

  /// The hosts that this one is connected to.
  var connected: [Int] { links.filter { $0.value.stage == .open }.keys.sorted() }

  /// Sends `bytes` to all hosts that this one is connected to; where the last piece is still on its
  /// way, nothing.
  func send(_ bytes: [UInt8]) { for link in links.values { link.send(bytes) } }

  /// Sends `bytes` to one host.
  func send(_ bytes: [UInt8], to host: Int) { links[host]?.send(bytes) }

  /// Waits until the moment `end` for messages, which it hands to `receive`; false: `stop` has been
  /// closed at its other end.
  func wait(
    until end: UInt64, orStop stop: Int32, _ receive: (_ host: Int, _ bytes: [UInt8]) -> Void
  ) -> Bool {
    while true {
      let now = monotonicNanoseconds()
      dial(at: now)
      var watched = listener?.strangers ?? []
      watched += dials.compactMap(\.link)
      watched += links.values.filter { $0.file >= 0 }
      var descriptors = [pollfd(fd: stop, events: Int16(POLLIN), revents: 0)]
      descriptors.append(listener?.descriptor ?? pollfd(fd: -1, events: 0, revents: 0))
      descriptors += watched.map { pollfd(fd: $0.file, events: $0.events, revents: 0) }
      let left = end > now ? (end - now + 999_999) / 1_000_000 : 0
      let count = poll(&descriptors, nfds_t(descriptors.count), Int32(left))
      if descriptors[0].revents != 0 { return false }
      if count > 0 {
        if descriptors[1].revents != 0 { listener?.accept(at: now) }
        for (link, descriptor) in zip(watched, descriptors.dropFirst(2)) {
          if descriptor.revents != 0, link.proceed(descriptor.revents) { greet(link) }
        }
        meet(at: now)
        for (host, link) in links {
          while let bytes = link.take(limit: Self.longest) {
            heard.insert(host)
            receive(host, bytes)
          }
        }
      }
      if monotonicNanoseconds() >= end { return true }
    }
  }

  /// Closes all connections.
  func close() {
    listener?.end()
    links = [:]
    dials = []
  }

  /// More than any message has.
  private static let longest = 1 << 28

  /// Begins attempts to connect, and gives up those that take more than a second.
  private func dial(at now: UInt64) {
    for index in dials.indices {
      let candidates = dials[index].candidates
      let isRefused = dials[index].link?.stage == .closed && dials[index].next < candidates.count
      guard now >= dials[index].deadline || isRefused, !candidates.isEmpty else { continue }
      dials[index].link = nil
      dials[index].link = HostLink(to: candidates[dials[index].next % candidates.count], at: now)
      dials[index].next += 1
      // A host that is not to be reached at any address for a minute is tried now and then.
      dials[index].deadline = now + (dials[index].next < 60 ? 1 : 30) * 1_000_000_000
    }
  }

  /// Says who this is, on a connection that has been made.
  private func greet(_ link: HostLink) {
    guard let dial = dials.first(where: { $0.link === link }) else { return }
    link.greet(HostLink.Greeting(token: places[dial.host].token, host: host))
  }

  /// Makes connections whose other sides have shown the right token links.
  private func meet(at now: UInt64) {
    for (link, greeting) in listener?.takeGreetings(at: now) ?? [] {
      guard greeting.isOfLockstep, greeting.token == places[host].token,
        let other = Int(exactly: greeting.host), other > host, other < places.count
      else { continue }
      link.greet(HostLink.Greeting(token: places[other].token, host: host))
      link.open()
      links[other] = link
      heard.remove(other)
    }
    for (index, dial) in dials.enumerated().reversed() {
      guard let link = dial.link, let greeting = link.takeGreeting() else { continue }
      if greeting.isOfLockstep, greeting.token == places[host].token,
        greeting.host == UInt64(dial.host)
      {
        link.open()
        links[dial.host] = link
        dials.remove(at: index)
      } else {
        dials[index].link = nil
      }
    }
    if (host + 1..<places.count).allSatisfy(heard.contains) { listener?.end() }
  }
}
