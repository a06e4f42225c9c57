# syntax=docker/dockerfile:1
# check=skip=JSONArgsRecommended
ARG DOTNET_VERSION=8.0
ARG NODE_VERSION=20

# The web client is built by itself.
FROM node:${NODE_VERSION}-alpine AS web
WORKDIR /web
COPY web/package.json web/package-lock.json ./
RUN --mount=type=cache,target=/root/.npm npm ci
COPY web/ .
RUN npm run build

FROM --platform=$BUILDPLATFORM mcr.microsoft.com/dotnet/sdk:${DOTNET_VERSION} AS build
ARG TARGETARCH
ARG CONFIGURATION=Release
WORKDIR /source
COPY *.sln .
COPY src/Shop/*.csproj src/Shop/
COPY src/Shop.Data/*.csproj src/Shop.Data/
RUN --mount=type=cache,id=nuget,target=/root/.nuget/packages \
    --mount=type=secret,id=nugetconfig \
    dotnet restore -a $TARGETARCH
COPY src/ src/
# Tests run in a stage of their own.
RUN dotnet publish src/Shop \
        -a $TARGETARCH \
        # no second restore
        --no-restore \
        -c "$CONFIGURATION" \
        -o /app

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET_VERSION} AS final
LABEL org.opencontainers.image.title="shop" \
      org.opencontainers.image.source="https://example.com/shop" \
      maintainer="team@example.com"
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
        ca-certificates \
        curl \
        tzdata \
 && rm -rf /var/lib/apt/lists/*
ENV ASPNETCORE_URLS=http://+:8080 \
    DOTNET_RUNNING_IN_CONTAINER=true \
    TZ="Europe/Zurich"
RUN <<SETUP
set -e
groupadd --system --gid 1001 shop
useradd --system --uid 1001 --gid shop shop
SETUP
WORKDIR /app
COPY --from=build --chown=shop:shop /app .
COPY --from=web --chown=shop:shop /web/dist ./wwwroot
EXPOSE 8080 8081/tcp
HEALTHCHECK --interval=30s --timeout=3s --retries=5 \
    CMD curl -fsS http://localhost:8080/healthz || exit 1
USER shop
VOLUME ["/data"]
ENTRYPOINT ["dotnet", "Shop.dll"]
CMD ["--urls", "http://+:8080"]
