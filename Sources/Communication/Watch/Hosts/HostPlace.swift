import Glibc

/// Where the first rank of a host listens for those of others, and who it is.
///
/// It is sent between hosts as it lies in memory, so any bits are a value of it.
struct HostPlace: BitwiseCopyable {
  /// The host's IPv4 addresses, those of its loop last; 0: none.
  private var addresses = InlineArray<8, UInt32>(repeating: 0)
  /// Where it listens; 0: it does not.
  var port: UInt16 = 0
  /// What others show it to be let in.
  var token: UInt64
  private var nameBytes = InlineArray<64, UInt8>(repeating: 0)

  /// The host with this name and the addresses of this machine.
  init(name: String, port: UInt16) {
    self.port = port
    var random = SystemRandomNumberGenerator()
    token = random.next()
    for (index, byte) in name.utf8.prefix(63).enumerated() { nameBytes[index] = byte }
    for (index, address) in Self.localAddresses().prefix(8).enumerated() {
      addresses[index] = address
    }
  }

  /// The name of the host.
  var name: String {
    let bytes = (0..<nameBytes.count).lazy.map { nameBytes[$0] }.prefix { $0 != 0 }
    return String(decoding: Array(bytes), as: UTF8.self)
  }

  /// Where to try to reach it, in this order.
  var candidates: [sockaddr_in] {
    guard port != 0 else { return [] }
    return (0..<addresses.count).lazy.map { addresses[$0] }.filter { $0 != 0 }.map { address in
      var result = sockaddr_in()
      result.sin_family = sa_family_t(AF_INET)
      result.sin_port = port.bigEndian
      result.sin_addr.s_addr = address
      return result
    }
  }

  /// The IPv4 addresses of this machine, in network byte order, those of its loop last.
  private static func localAddresses() -> [UInt32] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var (outside, loop): ([UInt32], [UInt32]) = ([], [])
    for item in sequence(first: list, next: { $0?.pointee.ifa_next }) {
      guard let item, let address = item.pointee.ifa_addr,
        address.pointee.sa_family == sa_family_t(AF_INET),
        item.pointee.ifa_flags & UInt32(IFF_UP) != 0
      else { continue }
      let value = UnsafeRawPointer(address).load(as: sockaddr_in.self).sin_addr.s_addr
      if item.pointee.ifa_flags & UInt32(IFF_LOOPBACK) != 0 {
        loop.append(value)
      } else {
        outside.append(value)
      }
    }
    return outside + loop
  }
}
