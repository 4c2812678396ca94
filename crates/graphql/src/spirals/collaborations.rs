//! Collaborations: several units go round together.

use std::collections::HashMap;

use async_graphql::connection::{Connection, EmptyFields};
use async_graphql::dataloader::Loader;
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject};
use spiral_app::{Caller, spirals};
use spiral_domain::spirals::{
    Collaboration, CollaborationEntry, CollaborationMember, InviteToCollaboration, JoinCollaboration,
    LeaveCollaboration, NoteInCollaboration, StartCollaboration,
};
use spiral_domain::{CollaborationId, Sort, Timestamp};

use crate::faults::fault;
use crate::lists::{connection, page_request};
use crate::loaders::{Batches, Shared, load};
use crate::writes::write;

/// Several units that work on the same thing. Those read it that are invited or in it.
#[derive(SimpleObject)]
#[graphql(complex, name = "Collaboration")]
pub(crate) struct CollaborationNode {
    #[graphql(flatten)]
    record: Collaboration,
}

impl From<Collaboration> for CollaborationNode {
    fn from(record: Collaboration) -> Self {
        Self { record }
    }
}

#[ComplexObject]
impl CollaborationNode {
    /// Who is invited or in it, past members too.
    #[graphql(complexity = "10 * child_complexity")]
    async fn members(&self, ctx: &Context<'_>) -> Result<Vec<CollaborationMember>> {
        let found = load(ctx, MembersKey(self.record.id)).await?;
        Ok(found.unwrap_or_default())
    }
}

/// The units of this collaboration.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct MembersKey(CollaborationId);

impl Loader<MembersKey> for Batches {
    type Value = Vec<CollaborationMember>;
    type Error = Shared;
    async fn load(
        &self,
        keys: &[MembersKey],
    ) -> Result<HashMap<MembersKey, Vec<CollaborationMember>>, Shared> {
        let ids: Vec<CollaborationId> = keys.iter().map(|key| key.0).collect();
        let found = spirals::collaboration_members_of(&self.caller, &ids).await?;
        Ok(found
            .into_iter()
            .map(|(id, members)| (MembersKey(id), members))
            .collect())
    }
}

/// What is read of collaborations.
#[derive(Default)]
pub struct CollaborationsQuery;

#[Object]
impl CollaborationsQuery {
    /// One collaboration.
    async fn collaboration(&self, ctx: &Context<'_>, id: CollaborationId) -> Result<CollaborationNode> {
        let found = spirals::collaboration(ctx.data::<Caller>()?, id)
            .await
            .map_err(fault)?;
        Ok(found.into())
    }

    /// Collaborations that the caller's units are invited to or in, a page at a time.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn collaborations(
        &self,
        ctx: &Context<'_>,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, CollaborationNode, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let page = spirals::collaborations(caller, &request).await.map_err(fault)?;
        let cursor = |place| caller.cursor(spirals::COLLABORATIONS, place);
        let more = request.cursor.is_some();
        Ok(connection(
            page,
            EmptyFields,
            more,
            cursor,
            CollaborationNode::from,
        ))
    }

    /// What happened in a collaboration, and its notes, a page at a time.
    #[graphql(complexity = "first.unwrap_or(50).max(1) as usize * child_complexity")]
    async fn collaboration_timeline(
        &self,
        ctx: &Context<'_>,
        id: CollaborationId,
        first: Option<i32>,
        after: Option<String>,
        updated_since: Option<Timestamp>,
        sort: Option<Sort>,
    ) -> Result<Connection<String, CollaborationEntry, EmptyFields, EmptyFields>> {
        let caller = ctx.data::<Caller>()?;
        let request = page_request(first, after, updated_since, sort);
        let page = spirals::collaboration_timeline(caller, id, &request)
            .await
            .map_err(fault)?;
        let list = spirals::collaboration_timeline_list(id);
        let cursor = |place| caller.cursor(&list, place);
        let more = request.cursor.is_some();
        Ok(connection(page, EmptyFields, more, cursor, |entry| entry))
    }
}

/// What is written of collaborations.
#[derive(Default)]
pub struct CollaborationsMutation;

#[Object]
impl CollaborationsMutation {
    /// Starts a collaboration with a spiral of one's own, and asks units to join.
    async fn start_collaboration(
        &self,
        ctx: &Context<'_>,
        input: StartCollaboration,
    ) -> Result<CollaborationNode> {
        let run = |caller| async move { spirals::start_collaboration(&caller, input).await };
        write(ctx, run).await.map(CollaborationNode::from)
    }

    /// Asks another unit to join.
    async fn invite_to_collaboration(
        &self,
        ctx: &Context<'_>,
        id: CollaborationId,
        input: InviteToCollaboration,
    ) -> Result<CollaborationMember> {
        let run = |caller| async move { spirals::invite_to_collaboration(&caller, id, input).await };
        write(ctx, run).await
    }

    /// Joins with a spiral of one's own.
    async fn join_collaboration(
        &self,
        ctx: &Context<'_>,
        id: CollaborationId,
        input: JoinCollaboration,
    ) -> Result<CollaborationMember> {
        let run = |caller| async move { spirals::join_collaboration(&caller, id, input).await };
        write(ctx, run).await
    }

    /// Declines to join, or leaves.
    async fn leave_collaboration(
        &self,
        ctx: &Context<'_>,
        id: CollaborationId,
        input: LeaveCollaboration,
    ) -> Result<CollaborationMember> {
        let run = |caller| async move { spirals::leave_collaboration(&caller, id, input).await };
        write(ctx, run).await
    }

    /// Writes a note that every member reads.
    async fn note_in_collaboration(
        &self,
        ctx: &Context<'_>,
        id: CollaborationId,
        input: NoteInCollaboration,
    ) -> Result<CollaborationEntry> {
        let run = |caller| async move { spirals::note_in_collaboration(&caller, id, input).await };
        write(ctx, run).await
    }
}
