import CRuntime

extension UnsafeRawBufferPointer {
  /// 64 bits that tell memory apart by all its bytes; 0 for none.
  package var digest: UInt64 { baseAddress.map { lk_hash(count, $0) } ?? 0 }
}
