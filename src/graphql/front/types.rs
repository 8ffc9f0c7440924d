//! An index over the schema's composite types, made once, so that preparing and completing need few look-ups.

use std::collections::HashMap;
use std::sync::Arc;

use apollo_compiler::{
    Schema,
    ast::{OperationType, Type},
    schema::{ExtendedType, FieldDefinition},
    validation::Valid,
};
use async_graphql::Name;

/// Number of a composite type (object, interface or union) in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct TypeId(usize);

/// A set of object types.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TypeSet(Vec<u64>);

impl TypeSet {
    fn insert(&mut self, TypeId(id): TypeId) {
        if self.0.len() <= id / 64 {
            self.0.resize(id / 64 + 1, 0);
        }
        self.0[id / 64] |= 1 << (id % 64);
    }

    /// Tells whether the type is in the set.
    pub(super) fn contains(&self, TypeId(id): TypeId) -> bool {
        self.0
            .get(id / 64)
            .is_some_and(|word| word & (1 << (id % 64)) != 0)
    }

    /// Tells whether every type of this set is in the other.
    pub(super) fn within(&self, other: &Self) -> bool {
        let theirs = other.0.iter().copied().chain(std::iter::repeat(0));
        self.0
            .iter()
            .zip(theirs)
            .all(|(ours, theirs)| ours & !theirs == 0)
    }

    /// Gives the types that both sets have.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self(
            self.0
                .iter()
                .zip(&other.0)
                .map(|(ours, theirs)| ours & theirs)
                .collect(),
        )
    }

    /// Tells whether no type is in the set.
    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|&word| word == 0)
    }

    /// Walks over the types of the set.
    pub(super) fn iter(&self) -> impl Iterator<Item = TypeId> + '_ {
        let words = self.0.iter().enumerate();
        words.flat_map(|(at, &word)| {
            (0..64)
                .filter(move |bit| word & (1 << bit) != 0)
                .map(move |bit| TypeId(at * 64 + bit))
        })
    }
}

/// Nullability and lists of a field's type; what is inside is a leaf or a composite type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wrap {
    /// A named type.
    Named { non_null: bool },
    /// A list of what is inside.
    List { non_null: bool, item: Box<Wrap> },
}

impl Wrap {
    fn new(ty: &Type) -> Self {
        match ty {
            Type::Named(_) | Type::NonNullNamed(_) => Self::Named {
                non_null: ty.is_non_null(),
            },
            Type::List(item) | Type::NonNullList(item) => Self::List {
                non_null: ty.is_non_null(),
                item: Box::new(Self::new(item)),
            },
        }
    }

    /// Tells whether null may not stand here.
    pub(super) fn non_null(&self) -> bool {
        match self {
            Self::Named { non_null } | Self::List { non_null, .. } => *non_null,
        }
    }

    /// How many lists there are within one another.
    pub(super) fn lists(&self) -> u32 {
        match self {
            Self::Named { .. } => 0,
            Self::List { item, .. } => item.lists() + 1,
        }
    }
}

/// What a field answers and how it is counted.
#[derive(Clone, Debug)]
pub(super) struct FieldType {
    pub(super) wrap: Wrap,
    /// The composite type inside; none for scalars and enums.
    pub(super) composite: Option<TypeId>,
    /// Takes `first` or `last`.
    pub(super) paged: bool,
    /// Takes a list of `ids`.
    pub(super) by_ids: bool,
    /// What the field itself costs.
    pub(super) weight: u64,
}

/// An object, interface or union type.
#[derive(Debug)]
pub(super) struct Composite {
    pub(super) name: Name,
    pub(super) is_object: bool,
    pub(super) is_union: bool,
    /// The object types that a value may have; itself for an object.
    pub(super) possible: TypeSet,
    fields: HashMap<String, FieldType>,
}

/// The index.
#[derive(Debug)]
pub(super) struct Types {
    pub(super) schema: Valid<Schema>,
    composites: Vec<Composite>,
    ids: HashMap<String, TypeId>,
    roots: [Option<TypeId>; 3],
}

impl Types {
    /// Makes the index.
    pub(super) fn new(schema: Valid<Schema>) -> Arc<Self> {
        let composite = |ty: &&ExtendedType| ty.is_object() || ty.is_interface() || ty.is_union();
        let definitions: Vec<&ExtendedType> = schema.types.values().filter(composite).collect();
        let names = definitions.iter().enumerate();
        let ids: HashMap<_, _> = names
            .map(|(id, ty)| (ty.name().to_string(), TypeId(id)))
            .collect();
        let root = |kind| {
            schema
                .root_operation(kind)
                .and_then(|name| ids.get(name.as_str()))
                .copied()
        };
        let roots = [
            OperationType::Query,
            OperationType::Mutation,
            OperationType::Subscription,
        ]
        .map(root);
        let mut composites: Vec<_> = definitions.iter().map(|ty| Composite::new(ty, &ids)).collect();
        for (id, ty) in definitions.iter().enumerate() {
            if let ExtendedType::Object(object) = ty {
                let interfaces = object.implements_interfaces.iter().map(|name| ids[name.as_str()]);
                for TypeId(of) in interfaces.chain([TypeId(id)]) {
                    composites[of].possible.insert(TypeId(id));
                }
            }
        }
        if let Some(TypeId(query)) = roots[0] {
            let meta = |name: &str, non_null| FieldType {
                wrap: Wrap::Named { non_null },
                composite: ids.get(name).copied(),
                paged: false,
                by_ids: false,
                weight: 1,
            };
            composites[query]
                .fields
                .insert("__schema".into(), meta("__Schema", true));
            composites[query]
                .fields
                .insert("__type".into(), meta("__Type", false));
        }
        Arc::new(Self {
            schema,
            composites,
            ids,
            roots,
        })
    }

    /// Gives a type by its number.
    pub(super) fn get(&self, TypeId(id): TypeId) -> &Composite {
        &self.composites[id]
    }

    /// Finds a composite type by its name.
    pub(super) fn find(&self, name: &str) -> Option<TypeId> {
        self.ids.get(name).copied()
    }

    /// Gives the root type of a kind of operation.
    pub(super) fn root(&self, kind: OperationType) -> Option<TypeId> {
        self.roots[kind as usize]
    }
}

impl Composite {
    fn new(definition: &ExtendedType, ids: &HashMap<String, TypeId>) -> Self {
        let mut possible = TypeSet::default();
        let mut fields = HashMap::new();
        let mut add = |field: &FieldDefinition| {
            fields.insert(field.name.to_string(), FieldType::new(field, ids));
        };
        match definition {
            ExtendedType::Object(object) => object.fields.values().for_each(|field| add(field)),
            ExtendedType::Interface(interface) => interface.fields.values().for_each(|field| add(field)),
            ExtendedType::Union(union) => {
                union
                    .members
                    .iter()
                    .for_each(|member| possible.insert(ids[member.as_str()]));
            }
            _ => {}
        }
        let typename = Wrap::Named { non_null: true };
        let leaf = FieldType {
            wrap: typename,
            composite: None,
            paged: false,
            by_ids: false,
            weight: 1,
        };
        fields.insert("__typename".into(), leaf);
        Self {
            name: Name::new(definition.name()),
            is_object: definition.is_object(),
            is_union: definition.is_union(),
            possible,
            fields,
        }
    }

    /// Finds a field; a valid document selects only fields that there are.
    pub(super) fn field(&self, name: &str) -> Option<&FieldType> {
        self.fields.get(name)
    }
}

impl FieldType {
    fn new(field: &FieldDefinition, ids: &HashMap<String, TypeId>) -> Self {
        let has = |name| field.argument_by_name(name).is_some();
        Self {
            wrap: Wrap::new(&field.ty),
            composite: ids.get(field.ty.inner_named_type().as_str()).copied(),
            paged: has("first") || has("last"),
            by_ids: field.argument_by_name("ids").is_some_and(|ids| ids.ty.is_list()),
            weight: field.description.as_deref().map_or(1, weight),
        }
    }
}

/// What a field's description says that it costs, so that what is charged is what is documented: `Cost: 200` is 200.
fn weight(description: &str) -> u64 {
    let said = description.split_once("Cost: ").map_or("", |(_, said)| said);
    let digits = said.find(|character: char| !character.is_ascii_digit());
    let number = said[..digits.unwrap_or(said.len())].parse();
    number.unwrap_or(1).max(1)
}
