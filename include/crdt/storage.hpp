// What goes to disk. Needs <xxhash.h>; a program that links the compiled library also links
// ropewalk::storage. crdt.hpp does not include it.
#pragma once

#include "storage/behind.hpp"
#include "storage/byte_store.hpp"
#include "storage/compact.hpp"
#include "storage/container.hpp"
#include "storage/container_source.hpp"
#include "storage/container_writer.hpp"
#include "storage/document_file.hpp"
#include "storage/document_log.hpp"
#include "storage/epoch_map.hpp"
#include "storage/epochs.hpp"
#include "storage/files/file_store.hpp"
#include "storage/files/file_system.hpp"
#include "storage/log_format.hpp"
#include "storage/log_scan.hpp"
#include "storage/page_compression.hpp"
#include "storage/parts_source.hpp"
#include "storage/renumber.hpp"
#if defined(__unix__) || defined(__APPLE__)
#include "storage/files/posix_files.hpp"
#endif
