import Glibc

/// How many batches loaders that no job shares have handed out to this thread, to be trained on: where
/// several ranks average gradients they are most likely a mistake, and only who averages can tell.
package enum UnshardedBatches {
  /// The count on this thread.
  package static var count: Int {
    get { Int(bitPattern: pthread_getspecific(key)) }
    set { pthread_setspecific(key, UnsafeRawPointer(bitPattern: newValue)) }
  }

  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    // Without a place the count stays 0, and nobody is warned.
    pthread_key_create(&key, nil)
    return key
  }()
}
