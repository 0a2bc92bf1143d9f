-- The tables of Chainlit's PostgreSQL data layer, which it does not make itself: one statement ends where a line ends with a semicolon.
CREATE TABLE "User" (
    id text PRIMARY KEY,
    identifier text NOT NULL UNIQUE,
    metadata jsonb NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "Thread" (
    id text PRIMARY KEY,
    name text,
    "userId" text REFERENCES "User" (id) ON DELETE SET NULL,
    metadata jsonb NOT NULL DEFAULT '{}',
    tags text[] DEFAULT ARRAY[]::text[],
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "deletedAt" timestamp(3)
);
CREATE TABLE "Step" (
    id text PRIMARY KEY,
    "threadId" text REFERENCES "Thread" (id) ON DELETE CASCADE,
    "parentId" text REFERENCES "Step" (id) ON DELETE CASCADE,
    name text,
    type text NOT NULL,
    input text,
    output text,
    metadata jsonb NOT NULL,
    "showInput" text,
    "isError" boolean DEFAULT false,
    "startTime" timestamp(3) NOT NULL,
    "endTime" timestamp(3) NOT NULL,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE INDEX ON "Step" ("threadId", "startTime");
CREATE TABLE "Element" (
    id text PRIMARY KEY,
    "threadId" text REFERENCES "Thread" (id) ON DELETE CASCADE,
    "stepId" text NOT NULL REFERENCES "Step" (id) ON DELETE CASCADE,
    metadata jsonb NOT NULL,
    mime text,
    name text NOT NULL,
    "objectKey" text,
    url text,
    "chainlitKey" text,
    display text,
    size text,
    language text,
    page integer,
    "autoPlay" boolean,
    "playerConfig" jsonb,
    props jsonb DEFAULT '{}',
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
CREATE TABLE "Feedback" (
    id text PRIMARY KEY,
    "stepId" text REFERENCES "Step" (id) ON DELETE SET NULL,
    name text NOT NULL,
    value double precision NOT NULL,
    comment text,
    "createdAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updatedAt" timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP
);
