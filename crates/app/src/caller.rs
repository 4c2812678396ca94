//! Someone authenticated, with grants. No use case runs without one, and only `App` makes one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use spiral_domain::people::{Action, ApiClient, May, Principal, Role, Tenant};
use spiral_domain::tenancy::OrgUnit;
use spiral_domain::{Date, Error, PageRequest, Place, Result, Timestamp};
use spiral_store::{Begin, Keyed, Scope, Standing, Store, Tx, Window};

use crate::App;
use crate::access::AccessLog;
use crate::request::RequestContext;
use crate::tokens::cursor;

/// Who is calling, and everything that decides what they see and may do.
#[derive(Clone)]
pub struct Caller {
    pub(crate) app: App,
    pub(crate) principal: Arc<Principal>,
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) client: Option<Arc<ApiClient>>,
    pub(crate) store: Store,
    pub(crate) request: Arc<RequestContext>,
    pub(crate) now: Timestamp,
    pub(crate) keyed: Option<Keyed>,
    /// Where the ledger stood when the request came in; none outside of requests, and for the platform's own work.
    pub(crate) standing: Option<Standing>,
    /// Whether it has begun a write or reads the audit: that did not stand there, or the standing does not tell of it.
    pub(crate) beyond: Arc<AtomicBool>,
}

/// What a write concerns.
pub enum Reach<'u> {
    /// What these units own.
    Units(&'u [&'u OrgUnit]),
    /// The tenant as a whole: whoever holds such a role anywhere.
    Tenant,
}

impl<'u> From<&'u [&'u OrgUnit]> for Reach<'u> {
    fn from(units: &'u [&'u OrgUnit]) -> Self {
        Self::Units(units)
    }
}

impl Caller {
    /// The platform that answers.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Reads as this caller.
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The caller's place.
    pub fn scope(&self) -> &Scope {
        self.store.scope()
    }

    /// The platform itself, for what a rule must know whoever asks.
    pub(crate) fn platform(&self) -> Self {
        self.app.system(&self.tenant, self.now)
    }

    /// Who.
    pub fn principal(&self) -> &Principal {
        &self.principal
    }

    /// Of which tenant.
    pub fn tenant(&self) -> &Tenant {
        &self.tenant
    }

    /// The tool, if it is one.
    pub fn client(&self) -> Option<&ApiClient> {
        self.client.as_deref()
    }

    /// When the request began.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// On which day.
    pub fn today(&self) -> Date {
        self.now.date()
    }

    /// The request's id.
    pub fn request_id(&self) -> &str {
        &self.request.id
    }

    /// The same caller, whose next write is kept under an idempotency key.
    pub(crate) fn keyed(&self, keyed: Keyed) -> Self {
        Self {
            keyed: Some(keyed),
            ..self.clone()
        }
    }

    /// Refuses unless the caller may do this somewhere.
    pub fn require(&self, action: Action) -> Result<()> {
        if self.scope().may_somewhere(action) {
            Ok(())
        } else {
            Err(self.refusal(action))
        }
    }

    /// Refuses unless the caller may do this to what this unit owns.
    pub fn require_on(&self, action: Action, unit: &OrgUnit) -> Result<()> {
        if self.scope().may_write(action, unit) {
            Ok(())
        } else {
            Err(self.refusal(action))
        }
    }

    pub(crate) fn refusal(&self, action: Action) -> Error {
        if !self.scope().token_allows(action) {
            return Error::Forbidden(format!(
                "this needs the scope `{}`, which the token lacks",
                action.scope()
            ));
        }
        let roles: Vec<&str> = Role::ALL
            .into_iter()
            .filter(|role| role.may(action) != May::No)
            .map(Role::name)
            .collect();
        Error::Forbidden(format!(
            "`{}` takes one of these roles on the unit concerned: {}",
            action.name(),
            roles.join(", ")
        ))
    }

    /// Begins a write: nothing is written without saying what and where.
    pub async fn begin<'u>(&self, action: Action, reach: impl Into<Reach<'u>>) -> Result<Tx> {
        match reach.into() {
            Reach::Units(units) => {
                for unit in units {
                    self.require_on(action, unit)?;
                }
            }
            Reach::Tenant => self.require(action)?,
        }
        self.write(action).await
    }

    /// Begins work of the platform itself on what follows from the records; it changes no record.
    pub(crate) async fn maintain(&self) -> Result<Tx> {
        if self.scope().system {
            self.write(Action::ReadRollUp).await
        } else {
            Err(self.refusal(Action::ReadRollUp))
        }
    }

    /// From now on, what is read may not be what stood where the ledger did when the request came in.
    pub(crate) fn goes_beyond(&self) {
        self.beyond.store(true, Ordering::Relaxed);
    }

    async fn write(&self, action: Action) -> Result<Tx> {
        self.goes_beyond();
        let begin = Begin {
            scope: Arc::new(self.scope().clone()),
            action,
            request_id: self.request.id.clone(),
            now: self.now,
            keyed: self.keyed.clone(),
        };
        self.app.db().write(begin, Arc::clone(self.store.meter())).await
    }

    /// Which of these the caller may do to what this unit owns.
    pub fn allowed(&self, unit: &OrgUnit, of: &[Action]) -> Vec<Action> {
        of.iter()
            .copied()
            .filter(|action| self.scope().may_write(*action, unit))
            .collect()
    }

    /// The part of a list that is asked for. `list` names the list and its filters: a cursor fits no other.
    pub fn window(&self, list: &str, page: &PageRequest) -> Result<Window> {
        let limit = self.limit(page)?;
        let sort = page.sort.unwrap_or_default();
        let after = match &page.cursor {
            None => None,
            Some(text) => {
                let opened = self.open_cursor(list, text)?;
                Some(Place::from_bytes(sort, &opened).ok_or_else(bad_cursor)?)
            }
        };
        Ok(Window {
            after,
            limit,
            sort,
            since: page.updated_since,
        })
    }

    /// How many records are asked for.
    pub fn limit(&self, page: &PageRequest) -> Result<i64> {
        let most = self.app.settings().page_size;
        let limit = page.limit.unwrap_or(50);
        if (1..=most).contains(&limit) {
            Ok(limit)
        } else {
            let detail = format!("`limit` is between 1 and {most}");
            Err(Error::Malformed(vec![spiral_domain::Violation::new(
                "/query/limit",
                "out_of_range",
                detail,
            )]))
        }
    }

    /// The cursor after the record at this place.
    pub fn cursor(&self, list: &str, after: Place) -> String {
        self.sign_cursor(list, &after.to_bytes())
    }

    pub(crate) fn sign_cursor(&self, list: &str, place: &[u8]) -> String {
        let mut payload = self.list_mark(list);
        payload.extend_from_slice(place);
        cursor::sign(self.app.cursor_key(), &payload)
    }

    pub(crate) fn open_cursor(&self, list: &str, text: &str) -> Result<Vec<u8>> {
        let payload = cursor::open(self.app.cursor_key(), text).ok_or_else(bad_cursor)?;
        let mark = self.list_mark(list);
        payload
            .strip_prefix(mark.as_slice())
            .map(<[u8]>::to_vec)
            .ok_or_else(bad_cursor)
    }

    fn list_mark(&self, list: &str) -> Vec<u8> {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        hash.update(self.tenant.id.0.as_bytes());
        hash.update(list.as_bytes());
        hash.finalize()[..8].to_vec()
    }

    /// Notes in the audit what an API client has read; the answer may leave once this returns. People's reads
    /// are not noted.
    pub async fn audit_read(&self, operation: &str, records: usize) -> Result<()> {
        match &self.client {
            None => Ok(()),
            Some(_) => AccessLog::note(&self.app, self, operation, records).await,
        }
    }

    /// A short text that differs when the caller would be shown something else: part of every ETag.
    pub fn view_mark(&self) -> String {
        use sha2::Digest as _;
        let mut hash = sha2::Sha256::new();
        hash.update(self.principal.id.0.as_bytes());
        for held in &self.scope().grants {
            hash.update(held.grant.id.0.as_bytes());
            hash.update(held.path.as_bytes());
        }
        for scope in self.scope().scopes.iter().flatten() {
            hash.update(scope.as_bytes());
            hash.update([0]);
        }
        hash.finalize()[..6]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

fn bad_cursor() -> Error {
    let detail = "this cursor was not made by this list; begin again without one";
    Error::Malformed(vec![spiral_domain::Violation::new(
        "/query/cursor",
        "bad_cursor",
        detail,
    )])
}
