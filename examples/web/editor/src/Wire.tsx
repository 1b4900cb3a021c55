import { useLayoutEffect, useRef, useSyncExternalStore } from 'react'
import type { TrafficLog } from './traffic'

const size = (bytes: number): string => (bytes < 10_000 ? `${bytes} B` : `${(bytes / 1000).toFixed(0)} kB`)

/** What travels between this page and the server. */
export function Wire({ log }: { log: TrafficLog }) {
  const { rows, isPaused, sent, received } = useSyncExternalStore(log.subscribe, log.get)
  const list = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  useLayoutEffect(() => {
    if (isAtEnd.current) list.current!.scrollTop = list.current!.scrollHeight
  }, [rows])
  return (
    <section className="panel wire" aria-labelledby="wire-title">
      <div className="panel-head">
        <h2 id="wire-title">On the wire</h2>
        <span className="sums" title="Sent and received since the page was opened">
          ↑ {size(sent)} ↓ {size(received)}
        </span>
        <button type="button" className="quiet small" aria-pressed={isPaused} onClick={() => log.pause(!isPaused)}>
          {isPaused ? 'Resume' : 'Pause'}
        </button>
        <button type="button" className="quiet small" onClick={() => log.clear()}>
          Clear
        </button>
      </div>
      <div
        className="rows"
        ref={list}
        tabIndex={0}
        role="region"
        aria-label="Messages"
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 8
        }}
      >
        <table>
          <thead className="hidden">
            <tr>
              <th>Direction</th>
              <th>Kind</th>
              <th>Number</th>
              <th>Size</th>
              <th>Time</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, direction, kind, detail, bytes, time }) => (
              <tr key={id} data-kind={kind}>
                <td className={`arrow ${direction}`}>
                  <span aria-hidden="true">{direction === 'out' ? '↑' : '↓'}</span>
                  <span className="hidden">{direction === 'out' ? 'sent' : 'received'}</span>
                </td>
                <td className="kind">{kind}</td>
                <td className="detail">{detail}</td>
                <td className="bytes">{size(bytes)}</td>
                <td className="time">{time}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
