package import Diagnostics

/// A block of tensor memory and the count of writes to it; shared by all views.
package final class Storage {
  /// The first byte; 64-byte aligned.
  package let pointer: UnsafeMutableRawPointer
  /// Usable bytes.
  package let byteCount: Int
  /// Who the memory belongs to; nil: the pool.
  private let owner: AnyObject?
  /// Raised by every in-place change, so that a gradient can tell that a value it saved is gone.
  @exclusivity(unchecked) package private(set) var version: UInt32 = 0
  /// How many of the changes are part of a graph.
  @exclusivity(unchecked) package private(set) var recordedWrites: UInt32 = 0
  /// The operation that last raised `version`.
  package private(set) var lastWriter: StaticString = "creation"
  /// Where it was called.
  package private(set) var lastWrite: CallSite?

  /// A block from the pool; its content is undefined.
  package init(byteCount: Int) {
    let block = MemoryPool.take(byteCount)
    pointer = block.pointer
    self.byteCount = block.byteCount
    owner = nil
  }

  /// Memory that `owner` keeps.
  package init(_ pointer: UnsafeMutableRawPointer, byteCount: Int, ownedBy owner: AnyObject) {
    self.pointer = pointer
    self.byteCount = byteCount
    self.owner = owner
  }

  deinit {
    if owner == nil { MemoryPool.give(.init(pointer: pointer, byteCount: byteCount)) }
  }

  /// Whether the memory is the pool's and nobody else's.
  var isPooled: Bool { owner == nil }

  /// To be called by every operation that changes the content in place.
  ///
  /// - Parameter isRecorded: whether the change is part of a graph, so that views made before it no longer are.
  package func markWritten(by operation: StaticString, isRecorded: Bool = false) {
    version &+= 1
    lastWriter = operation
    lastWrite = CallSite.capture()
    if isRecorded { recordedWrites &+= 1 }
  }
}
