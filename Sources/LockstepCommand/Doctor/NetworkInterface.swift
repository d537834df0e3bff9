import Glibc
import Lockstep

/// A network interface of this host.
package struct NetworkInterface: Hashable {
  package let name: String
  package let isUp: Bool
  /// In numbers, without those that hold on the link only.
  package let addresses: [String]
  /// Megabits per second; nil where the system does not say.
  package let speed: Int?

  package init(name: String, isUp: Bool, addresses: [String], speed: Int?) {
    self.name = name
    self.isUp = isUp
    self.addresses = addresses
    self.speed = speed
  }

  /// As in `eth0: up, 192.0.2.2, 10 Gbit/s`.
  package var line: String {
    let rate =
      switch speed {
      case let speed? where speed % 1000 == 0: "\(speed / 1000) Gbit/s"
      case let speed?: "\(speed) Mbit/s"
      case nil: "speed not readable: the system does not say"
      }
    let parts = [isUp ? "up" : "down"] + addresses + (name == "lo" ? [] : [rate])
    return "\(name): \(parts.joined(separator: ", "))"
  }

  /// A line for each of `interfaces` that has an address, and one that names all others.
  package static func lines(_ interfaces: [NetworkInterface]) -> [String] {
    let others = interfaces.filter(\.addresses.isEmpty).map {
      "\($0.name) (\($0.isUp ? "up" : "down"))"
    }
    return interfaces.filter { !$0.addresses.isEmpty }.map(\.line)
      + (others.isEmpty ? [] : ["without an address: \(others.joined(separator: ", "))"])
  }

  /// Those that this process sees, by name; nil where the system does not tell.
  static func all() -> [NetworkInterface]? {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return nil }
    defer { freeifaddrs(first) }
    var found: [String: (isUp: Bool, addresses: [String])] = [:]
    for entry in sequence(first: first, next: { $0?.pointee.ifa_next }) {
      guard let entry = entry?.pointee else { break }
      let name = String(cString: entry.ifa_name)
      let isUp = entry.ifa_flags & UInt32(IFF_UP) != 0
      let address = entry.ifa_addr.flatMap { digits(of: $0) }
      found[name, default: (isUp, [])].addresses += address.map { [$0] } ?? []
    }
    let known = systemDescribes(Set(found.keys))
    return found.sorted { $0.key < $1.key }.map { name, facts in
      NetworkInterface(
        name: name, isUp: facts.isUp, addresses: facts.addresses,
        speed: known ? speed(of: name) : nil)
    }
  }

  /// Whether `/sys` is about the interfaces that this process sees: in a network namespace it may be
  /// about those of the machine.
  private static func systemDescribes(_ names: Set<String>) -> Bool {
    names.allSatisfy { name in
      let number = text(ofFile: "/sys/class/net/\(name)/ifindex") ?? ""
      return UInt32(number.prefix { $0.isNumber }) == if_nametoindex(name)
    }
  }

  private static func speed(of name: String) -> Int? {
    let number = text(ofFile: "/sys/class/net/\(name)/speed") ?? ""
    return Int(number.prefix { $0.isNumber }).flatMap { $0 > 0 ? $0 : nil }
  }

  private static func digits(of address: UnsafeMutablePointer<sockaddr>) -> String? {
    let family = Int32(address.pointee.sa_family)
    guard family == AF_INET || family == AF_INET6 else { return nil }
    let length =
      family == AF_INET ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
    let digits = withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(NI_MAXHOST)) { text in
      let status = getnameinfo(
        address, socklen_t(length), text.baseAddress, socklen_t(text.count), nil, 0, NI_NUMERICHOST)
      return status == 0 ? text.baseAddress.map { String(cString: $0) } : nil
    }
    return digits?.hasPrefix("fe80:") == true ? nil : digits
  }
}
