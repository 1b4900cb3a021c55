"""All that can be set, as one tree. config.py fills it from flags, environment and a file.

A setting is called by its place in the tree: `server.port` is `--server-port`,
`ROPEWALK_SERVER_PORT` and `port` under `[server]`. The few that everybody types have a short name, too.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .limits import Limits
from .rooms.policy import DocumentPolicy, stock_rules

# Everything from here, and WebAssembly: the engine is compiled in the page. Editors put a style on
# what they show, as an attribute.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)


def setting(
    default: Any,
    help: str,
    *,
    name: str | None = None,
    secret: bool = False,
    choices: tuple[str, ...] = (),
    least: float | None = None,
    most: float | None = None,
) -> Any:
    """A field with what config.py asks of it. `name`: the short name; `secret`: never shown, and
    never a flag, since flags stand in the list of processes."""
    return field(
        default=default,
        metadata={
            "help": help,
            "name": name,
            "secret": secret,
            "choices": choices,
            "least": least,
            "most": most,
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    host: str = setting("127.0.0.1", "address to listen on", name="host")
    port: int = setting(8000, "port to listen on; 0: a free one", name="port", least=0, most=65535)
    backlog: int = setting(4096, "connections that wait to be accepted", least=1, most=65535)
    origins: tuple[str, ...] = setting(
        (), "Origins of pages that may connect, beside the server's own; * for any", name="origins"
    )
    proxies: tuple[str, ...] = setting(
        (), "addresses of proxies whose X-Forwarded-* headers are believed"
    )
    public_url: str = setting("", "where the world finds this server, if a proxy stands before it")
    ping_seconds: float = setting(
        30.0,
        "between two signs of life on a connection that is silent; 0: none",
        least=0,
        most=3600,
    )
    force: bool = setting(
        False, "let the development issuer or no authentication serve other machines", name="force"
    )
    editor: str = setting("", "folder of a built page to serve at /; empty: the example, if built")
    policy: str = setting(
        PAGE_POLICY, "the Content-Security-Policy of that page and all beside it; empty: none"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    url: str = setting(
        "sqlite:ropewalk.db",
        "where documents are kept: sqlite:FILE, postgresql:, redis:, dynamodb:, s3:, memory:",
        name="store",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentSettings:
    stock: tuple[str, ...] = setting(
        (),
        "whether clients that know no epochs may have a document, each as pattern=admit or "
        "pattern=refuse; the first that fits counts, else they may",
    )
    renumber_percent: float = setting(
        50.0,
        "a document that refuses stock clients is renumbered when everybody has left, if so much of "
        "it is deleted; 0: never",
        least=0,
        most=100,
    )
    renumber_bytes: int = setting(
        256 * 1024, "and if it has more bytes than this", least=0, most=2**40
    )
    kept_epochs: int = setting(
        8, "of so many epochs back changes are still translated", least=0, most=1_000
    )
    kept_days: float = setting(
        90.0, "and not of those that ended longer ago than this", least=0, most=36_500
    )

    audit_days: float = setting(
        0.0,
        "how long it is kept who joined, changed and left a document; 0: it is not noted",
        least=0,
        most=36_500,
    )

    def policy(self) -> DocumentPolicy:
        """ValueError: a rule is none."""
        return DocumentPolicy(
            stock=stock_rules(self.stock),
            renumber_share=self.renumber_percent / 100,
            renumber_bytes=self.renumber_bytes,
            kept_epochs=self.kept_epochs,
            kept_seconds=self.kept_days * 86_400,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    source: str = setting(
        "dev",
        "who signs tokens: `dev`, `none`, `secret`, the URL of an OIDC issuer, or that of a JWKS",
        name="auth",
    )
    issuer: str = setting("", "what tokens name as `iss`, where the URL does not tell")
    more: tuple[str, ...] = setting(
        (), "further issuers, each as `URL tenant=NAME audience=NAME`; tenant_claim=, issuer=…"
    )
    audience: tuple[str, ...] = setting(
        (), "what tokens must name as `aud` (Cognito: or `client_id`)", name="audience"
    )
    algorithms: tuple[str, ...] = setting(
        ("RS256", "ES256", "EdDSA"), "algorithms of signatures that are taken"
    )
    secret: str = setting("", "the shared secret of HS256 tokens, for `secret`", secret=True)
    token_uses: tuple[str, ...] = setting(
        (), "Cognito: id, access or both; empty: both for its URLs, else not asked"
    )
    user_claim: str = setting("sub", "the claim that names the user")
    tenant_claim: str = setting("", "the claim that names the tenant; empty: all are of one")
    tenant: str = setting("main", "the tenant of all, where no claim names it")
    role: str = setting(
        "none",
        "the role of whom neither claims nor table give one",
        name="role",
        choices=("none", "reader", "commenter", "editor", "owner"),
    )
    role_claim: str = setting("role", "the claim with a role for all documents")
    roles_claim: str = setting("roles", "the claim with roles by patterns of document names")
    groups_claim: str = setting("groups", "the claim that lists groups (cognito:groups)")
    groups: tuple[str, ...] = setting((), "roles of groups, each as group=role")
    table: str = setting("", "a TOML file of [[rule]] with roles; asked before the claims")
    token_in_url: bool = setting(
        False,
        "take tokens in the query of URLs, where they may be logged on the way; tickets always are",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AdminSettings:
    enabled: bool = setting(True, "serve /api/admin")
    key: str = setting("", "a key that opens /api/admin for all tenants", secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    level: str = setting(
        "info",
        "the least that is logged",
        choices=("debug", "info", "warning", "error"),
        name="log-level",
    )
    format: str = setting(
        "auto", "json, text, or auto: text for a terminal", choices=("auto", "json", "text")
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricsSettings:
    enabled: bool = setting(True, "serve /metrics")
    key: str = setting("", "a bearer that /metrics asks for; empty: none", secret=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings:
    urls: tuple[str, ...] = setting((), "addresses that are told of events")
    secret: str = setting("", "signs what is sent to them; needed if there are any", secret=True)
    events: tuple[str, ...] = setting(
        ("connect", "disconnect", "change", "store"), "the events they are told of"
    )
    queue: int = setting(10_000, "events that may wait", least=1, most=10_000_000)
    attempts: int = setting(6, "tries of one event, with growing pauses", least=1, most=100)
    timeout: float = setting(10.0, "seconds that an address may take", least=0.1, most=300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    server: ServerSettings = field(default_factory=ServerSettings)
    store: StoreSettings = field(default_factory=StoreSettings)
    documents: DocumentSettings = field(default_factory=DocumentSettings)
    auth: AuthSettings = field(default_factory=AuthSettings)
    admin: AdminSettings = field(default_factory=AdminSettings)
    log: LogSettings = field(default_factory=LogSettings)
    metrics: MetricsSettings = field(default_factory=MetricsSettings)
    webhooks: WebhookSettings = field(default_factory=WebhookSettings)
    limits: Limits = field(default_factory=Limits)
