// IndexedDB for Node.
import 'fake-indexeddb/auto'
